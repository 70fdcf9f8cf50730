// A fixture that has a live handle of each kind.
#pragma once

#include <regex>

#include "capi/bad_handle.h"

namespace test {

// Whether a message names an argument, as a word of its own.
inline bool names(const std::string& message, const std::string& argument) {
  return std::regex_search(message, std::regex("\\b" + argument + "\\b"));
}

using OwnedVjp = OwnedHandle<tensor_vjp_t, tensor_vjp_release>;
using OwnedStream = OwnedHandle<tensor_stream_t, tensor_stream_release>;
using OwnedEvent = OwnedHandle<tensor_event_t, tensor_event_release>;

inline OwnedVjp make_vjp(tensor_t* input) {
  OwnedVjp vjp;
  EXPECT_EQ(tensor_vjp_new(return_input, nullptr, &input, 1, 1, vjp.out()), TENSOR_OK);
  return vjp;
}

class GoodHandles : public TensorTest {
 protected:
  const Owned tensor_ = filled({1}, 1, TENSOR_FLOAT32, /*requires_grad=*/true);
  const OwnedNode node_ = grad_fn_node(call(tensor_exp, tensor_));
  const OwnedHook hook_ = [this] {
    OwnedHook hook;
    EXPECT_EQ(tensor_register_hook(
                  tensor_, [](void*, tensor_t**) -> tensor_status_t { return TENSOR_OK; }, nullptr,
                  nullptr, hook.out()),
              TENSOR_OK);
    return hook;
  }();
  const OwnedFunction function_ = [this] {
    OwnedFunction function;
    tensor_t* input = tensor_;
    EXPECT_EQ(tensor_function_begin(
                  &input, 1, "F",
                  [](void*, tensor_function_t*, tensor_t* const*, size_t, tensor_t**,
                     size_t) -> tensor_status_t { return TENSOR_OK; },
                  nullptr, nullptr, function.out()),
              TENSOR_OK);
    return function;
  }();
  const OwnedCancel cancel_ = [] {
    OwnedCancel cancel;
    EXPECT_EQ(tensor_cancel_new(cancel.out()), TENSOR_OK);
    return cancel;
  }();
  const OwnedVjp vjp_ = make_vjp(tensor_);
  const OwnedStream stream_ = [] {
    OwnedStream stream;
    EXPECT_EQ(tensor_stream_current({TENSOR_CPU, 0}, stream.out()), TENSOR_OK);
    return stream;
  }();
  const OwnedEvent event_ = [] {
    OwnedEvent event;
    EXPECT_EQ(tensor_event_new({TENSOR_CPU, 0}, false, event.out()), TENSOR_OK);
    return event;
  }();
  const Good good_{tensor_, node_, hook_, function_, cancel_, vjp_, stream_, event_};
};

}  // namespace test
