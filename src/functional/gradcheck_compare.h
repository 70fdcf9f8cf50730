// What gradcheck compares, and the two ways of doing it.
#pragma once

#include "core/error.h"
#include "functional/gradcheck.h"

namespace libtensor::functional {

// Throws the error that gradcheck is there to find.
template <class... Args>
void check_gradient(bool condition, const Args&... args) {
  check_as(Status::kGradcheck, condition, args...);
}

// Which of the tensors require grad; and those at some places.
std::vector<size_t> differentiable(std::span<const Tensor> tensors);
Tensors at(std::span<const Tensor> tensors, const std::vector<size_t>& places);

bool is_zero(const Tensor& tensor);

// The function at a point, and what it gave there in its first call: `outputs` and `inputs` are
// those that require grad, with their places among all.
struct CheckedCall {
  CheckedCall(const Function& checked, std::span<const Tensor> point);

  // The function's outputs where the inputs are now. Throws where they are of another number, shape
  // or dtype than in the first call, or others of them require grad.
  Tensors again() const;

  const Function& function;
  std::span<const Tensor> all_inputs;
  Tensors all_outputs;
  std::vector<size_t> input_places, output_places;
  Tensors inputs, outputs;
};

// Each Jacobian whole: what backward gives against differences.
void compare_jacobians(const CheckedCall& call, const GradcheckOptions& options);
// v^T J u for one output, one input and one pair of vectors.
void compare_products(const CheckedCall& call, const GradcheckOptions& options);

}  // namespace libtensor::functional
