// Runs one functor over broadcast operands: the front half of every pointwise operation.
#pragma once

#include <initializer_list>

#include "core/pointwise_op.h"
#include "ops/promotion.h"

namespace libtensor::ops {

// How the operands' dtypes make the dtype of the computation and of the result.
enum class Rule : uint8_t {
  kPromote,        // their common dtype
  kPromoteInputs,  // the same, but parameters do not take part
  kPromoteFloat,   // the same as kPromote, but float32 instead of integers and bool
  kCompare,        // computes in the common dtype, gives bool
  kWhere,          // the first operand, a condition, does not take part
};

namespace pointwise {

// Those of a functor: its values, and after these its parameters.
using Inputs = std::initializer_list<Input>;

// A fresh result.
Tensor run(PointwiseOp op, Rule rule, Inputs inputs);
// Into `self`, one of the inputs, which keeps its shape and dtype.
void run_inplace(PointwiseOp op, Rule rule, const Tensor& self, Inputs inputs);
// Into `out`, which is resized where its shape differs.
void run_out(PointwiseOp op, Rule rule, const Tensor& out, Inputs inputs);

// Copies, broadcasts and converts `source` into `destination`, without any check.
void copy(const Tensor& destination, const Tensor& source);
// Sets all elements of `destination`, without any check.
void fill(const Tensor& destination, Scalar value);

}  // namespace pointwise
}  // namespace libtensor::ops
