// Which dtype an operation computes in, from those of its operands.
#pragma once

#include <initializer_list>

#include "core/scalar.h"
#include "core/tensor.h"

namespace libtensor::ops {

// A number that is no operand but a parameter: add's alpha, pow's exponent.
struct Parameter {
  Scalar value;
};

// A tensor or a number, where either may stand.
class Input {
 public:
  Input(const Tensor& tensor) : tensor_(&tensor) {}  // NOLINT: implicit, for argument lists
  Input(Scalar scalar) : scalar_(scalar) {}          // NOLINT
  Input(Parameter parameter) : scalar_(parameter.value), is_parameter_(true) {}  // NOLINT

  const Tensor* tensor() const { return tensor_; }
  Scalar scalar() const { return scalar_; }
  bool is_parameter() const { return is_parameter_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar scalar_;
  bool is_parameter_ = false;
};

// PyTorch's torch.result_type: tensors with dims count before 0-dim tensors, and these before
// numbers; a lower rank raises the dtype only by its category.
DType result_type(std::span<const Input> inputs);
// A number that stands first, rounded where the common dtype is a half: as in PyTorch, which makes
// a tensor of it. Numbers that stand second are not rounded.
Scalar as_element(Scalar number, const Tensor& beside);
// 10 to the power of |decimals|, infinite where that is too large.
Scalar power_of_ten(int64_t decimals);

}  // namespace libtensor::ops
