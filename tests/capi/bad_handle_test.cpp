// Every function of the API refuses every handle that is none, and writes nothing.
#include "capi/bad_handle.h"

namespace test {
namespace {

using OwnedVjp = OwnedHandle<tensor_vjp_t, tensor_vjp_release>;
using OwnedStream = OwnedHandle<tensor_stream_t, tensor_stream_release>;
using OwnedEvent = OwnedHandle<tensor_event_t, tensor_event_release>;

OwnedVjp make_vjp(tensor_t* input) {
  OwnedVjp vjp;
  EXPECT_EQ(tensor_vjp_new(return_input, nullptr, &input, 1, 1, vjp.out()), TENSOR_OK);
  return vjp;
}

class BadHandle : public TensorTest {
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

void expect_refused(const Case& c, const Good& good, void* bad, tensor_status_t expected) {
  Results results;
  const size_t live = tensor_live_handles();
  EXPECT_EQ(c.call(good, bad, results), expected) << tensor_last_error();
  EXPECT_TRUE(results.untouched()) << "a result was written";
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST_F(BadHandle, EveryFunctionThatTakesATensorIsInTheTable) {
  size_t handles = 0;
  for (const Case& c : all_cases) handles += c.kind != Kind::kResult;
  EXPECT_GT(handles, 300u);
}

TEST_F(BadHandle, IsRefusedByEveryFunctionForEveryArgument) {
  const std::string before = describe(tensor_);
  tensor_t* released = filled({1}, 1).give();
  OK(tensor_release(released));
  for (const Case& c : all_cases) {
    if (c.kind == Kind::kResult) continue;
    SCOPED_TRACE(c.name);
    if (c.kind == Kind::kHandle) expect_refused(c, good_, nullptr, TENSOR_ERROR_INVALID_HANDLE);
    for (uintptr_t stray : {reinterpret_cast<uintptr_t>(released), uintptr_t{1}, ~uintptr_t{0}}) {
      expect_refused(c, good_, reinterpret_cast<void*>(stray), TENSOR_ERROR_INVALID_HANDLE);
    }
  }
  EXPECT_EQ(describe(tensor_), before);
}

TEST_F(BadHandle, NoPlaceForAResultIsRefusedByEveryFunction) {
  for (const Case& c : all_cases) {
    if (c.kind != Kind::kResult) continue;
    SCOPED_TRACE(c.name);
    expect_refused(c, good_, nullptr, TENSOR_ERROR_INVALID_ARGUMENT);
  }
}

}  // namespace
}  // namespace test
