// A call that must fail: its status and message, and that it left no trace.
#pragma once

#include <functional>

#include "support/tensors.h"

namespace test {

// Everything that can be seen of a tensor.
inline std::string describe(const tensor_t* t) {
  std::string result =
      testing::PrintToString(values(t)) + " shape " + testing::PrintToString(shape(t)) +
      " strides " + testing::PrintToString(strides(t)) + " version " + std::to_string(version(t)) +
      " requires_grad " + std::to_string(requires_grad(t)) + " grad_fn " + grad_fn(t);
  if (const Owned gradient = grad(t)) {
    result += " grad " + testing::PrintToString(values(gradient));
  }
  return result;
}

// A value that no call may leave behind where it fails.
inline tensor_t* unwritten() { return reinterpret_cast<tensor_t*>(uintptr_t{0x5eed}); }

struct Refusal {
  tensor_status_t status;
  std::string message;
};

using Arguments = std::initializer_list<const tensor_t*>;

inline void expect_refusal(const Refusal& expected, Arguments arguments,
                           const std::function<tensor_status_t()>& call) {
  const AtOnce at_once;
  std::vector<std::string> before;
  for (const tensor_t* argument : arguments) before.push_back(describe(argument));
  const size_t live = tensor_live_handles();
  EXPECT_EQ(call(), expected.status);
  EXPECT_EQ(tensor_last_error(), expected.message);
  EXPECT_EQ(tensor_live_handles(), live);
  size_t i = 0;
  for (const tensor_t* argument : arguments) {
    EXPECT_EQ(describe(argument), before[i]) << "argument " << i << " was changed";
    ++i;
  }
}

// For calls with a result, which must stay unwritten.
inline void expect_no_result(const Refusal& expected, Arguments arguments,
                             const std::function<tensor_status_t(tensor_t** out)>& call) {
  tensor_t* out = unwritten();
  expect_refusal(expected, arguments, [&] { return call(&out); });
  EXPECT_EQ(out, unwritten()) << "a result was written";
}

// Only that the call fails with this status, whatever the words.
inline void expect_status(tensor_status_t expected, const std::function<tensor_status_t()>& call) {
  const AtOnce at_once;
  const size_t live = tensor_live_handles();
  EXPECT_EQ(call(), expected) << tensor_last_error();
  EXPECT_STRNE(tensor_last_error(), "");
  EXPECT_EQ(tensor_live_handles(), live);
}

}  // namespace test
