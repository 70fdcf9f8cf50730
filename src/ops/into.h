// Where operations of kernel `into` write: each has `infer_x(args)`, which refuses bad arguments
// and says what the result is, and `x_into(out, args)`, which writes it. Its three forms are
// generated from the two.
#pragma once

#include <span>

#include "ops/assign.h"
#include "ops/pointwise.h"
#include "ops/types.h"

namespace libtensor::ops {

// Fresh and contiguous, to be written.
inline Tensor make(const ResultMeta& result) {
  return Tensor::empty(result.shape, result.dtype, result.device);
}

// The fresh tensor with what else its options ask for.
Tensor finished(Tensor fresh, const Options& options);

// May a write to `out` change what `input` reads?
bool shares_memory(const Tensor& out, const Tensor& input);
bool shares_memory(const Tensor& out, std::span<const Tensor> inputs);

void check_writable(const Tensor& out, const ResultMeta& result);

// In place: `into` is given `self` itself, which it may both read and write.
template <class Into>
void write_inplace(const Tensor& self, const ResultMeta& result, const Into& into) {
  check(result.shape == self.shape(), "Bad in-place call: input tensor size ", self.shape(),
        " and output tensor size ", result.shape, " should match");
  check_writable(self, result);
  if (self.dtype() == result.dtype) return into(self);
  const Tensor fresh = make(result);
  into(fresh);
  pointwise::copy(self, fresh);
}

// To what `resize` plans, of the result's dtype or one that it is converted to.
template <class Into>
void write_planned(Resize& resize, const ResultMeta& result, bool apart, const Into& into) {
  const Tensor target = resize.target();
  if (apart && target.is_contiguous() && target.dtype() == result.dtype) {
    into(target);
  } else {
    const Tensor fresh = make(result);
    into(fresh);
    pointwise::copy(target, fresh);
  }
  resize.commit();
}

// Into `out`, which is resized where its shape differs. `into` is given `out` where that is
// contiguous, of the result's dtype, and shares memory with none of the inputs, else a fresh
// tensor. What the warning of a resize runs may change any of them.
template <class Infer, class Into, class... Inputs>
void write_out(const Tensor& out, const Infer& infer, const Into& into, const Inputs&... inputs) {
  ResultMeta result = infer();
  check_writable(out, result);
  Resize resize(out, result.shape);
  if (resize.warn()) {
    result = infer();
    check_writable(out, result);
    resize = Resize(out, result.shape);
  }
  write_planned(resize, result, !(shares_memory(out, inputs) || ...), into);
}

// The same of what is only made, of whose resizes PyTorch does not warn.
template <class Infer, class Into>
void make_out(const Tensor& out, const Infer& infer, const Into& into) {
  const ResultMeta result = infer();
  check_writable(out, result);
  Resize resize(out, result.shape);
  write_planned(resize, result, true, into);
}

}  // namespace libtensor::ops
