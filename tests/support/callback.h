// Functions of tests as the callbacks that the C API takes.
#pragma once

#include <functional>

#include "support/gradients.h"

namespace test {

using Inputs = std::vector<const tensor_t*>;
using Function = std::function<Owned(const Inputs&)>;
using ManyFunction = std::function<std::vector<Owned>(const Inputs&)>;

// For a function of several results; `user` is a ManyFunction.
inline tensor_status_t call_many(void* user, tensor_t* const* inputs, size_t input_count,
                                 tensor_t** outputs, size_t output_count) {
  std::vector<Owned> results =
      (*static_cast<ManyFunction*>(user))(Inputs(inputs, inputs + input_count));
  EXPECT_EQ(results.size(), output_count);
  for (size_t i = 0; i < output_count; ++i) outputs[i] = results[i].give();
  return TENSOR_OK;
}

// For a function of one result; `user` is a Function.
inline tensor_status_t call_one(void* user, tensor_t* const* inputs, size_t input_count,
                                tensor_t** outputs, size_t) {
  outputs[0] = (*static_cast<Function*>(user))(Inputs(inputs, inputs + input_count)).give();
  return TENSOR_OK;
}

}  // namespace test
