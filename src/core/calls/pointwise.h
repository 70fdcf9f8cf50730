// A functor over the elements of tensors.
#pragma once

#include "core/calls/operand.h"
#include "core/pointwise_op.h"
#include "core/scalar.h"

namespace libtensor {

// out[i] = op(in[0][i], in[1][i], ..., parameters), each input first converted to `compute`, the result
// converted to out's dtype. `out` may be one of the inputs; otherwise it overlaps none of them.
struct PointwiseCall {
  static constexpr const char* kName = "pointwise";
  static constexpr int kMaxInputs = 4, kMaxParameters = 4;

  PointwiseOp op;
  DType compute;  // never a half type: those compute in float32
  int ndim = 0;
  const int64_t* shape = nullptr;
  int64_t numel = 0;
  bool contiguous = false;  // all operands contiguous, of dtype `compute` (out: of the op's result
                            // type): one flat loop
  uint8_t host_inputs = 0;  // bit i: in[i] lies in the host's memory; to another device that is one
                            // element, given with the call
  int input_count = 0;
  const Scalar* parameters = nullptr;  // as many as the functor has
  Operand out;
  Operand in[kMaxInputs];  // only so many are set: to clear the others would cost each call
};

}  // namespace libtensor
