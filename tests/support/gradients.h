// Short ways to ask for gradients.
#pragma once

#include "support/tensors.h"

namespace test {

using Handles = std::vector<tensor_t*>;

inline std::vector<Owned> gradients(Handles outputs, Handles inputs,
                                    const tensor_backward_options_t* options = nullptr) {
  Handles results(inputs.size(), nullptr);
  EXPECT_EQ(tensor_autograd_grad(outputs.data(), outputs.size(), inputs.data(), inputs.size(),
                                 nullptr, options, results.data()),
            TENSOR_OK)
      << tensor_last_error();
  std::vector<Owned> owned;
  for (tensor_t* result : results) owned.emplace_back(result);
  return owned;
}

inline Owned gradient(tensor_t* output, tensor_t* input,
                      const tensor_backward_options_t* options = nullptr) {
  return std::move(gradients({output}, {input}, options)[0]);
}

// With a graph of its own.
inline Owned differentiable_gradient(tensor_t* output, tensor_t* input) {
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  return gradient(output, input, &options);
}

}  // namespace test
