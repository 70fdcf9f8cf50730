// Putting a computed result where the caller wants it, and the checks before that.
#pragma once

#include "autograd/node.h"
#include "core/tensor.h"

namespace libtensor::ops {

// "result type Float can't be cast to the desired output type Long"
void check_can_cast(DType from, DType to);
// No two elements of `self` share memory (an expanded tensor cannot be written).
void check_no_internal_overlap(const Tensor& self);
// `self`, to be written, is `input` itself or shares nothing with it, as far as is easily seen.
void check_no_partial_overlap(const Tensor& self, const Tensor& input);

// Gives `out` another shape, contiguous; its storage grows where it must. Its elements are not kept
// in order.
void resize(const Tensor& out, Span shape);
// Writes `value` into `self`, which keeps shape and dtype.
void assign(const Tensor& self, const Tensor& value);
// Writes `value` into `out`, which is resized where its shape differs.
void assign_out(const Tensor& out, const Tensor& value);
void check_castable(const Tensor& value, const Tensor& out);
// Makes `self` the view of its storage that `view` is.
void set_geometry(const Tensor& self, const Tensor& view);

}  // namespace libtensor::ops
