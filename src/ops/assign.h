// Putting a computed result where the caller wants it, and the checks before that.
#pragma once

#include <initializer_list>

#include "autograd/node.h"
#include "core/in_use.h"
#include "core/tensor.h"

namespace libtensor::ops {

// "result type Float can't be cast to the desired output type Long"
void check_can_cast(DType from, DType to);
// No two elements of `self` share memory (an expanded tensor cannot be written).
void check_no_internal_overlap(const Tensor& self);
// `self`, to be written, is `input` itself or shares nothing with it, as far as is easily seen.
void check_no_partial_overlap(const Tensor& self, const Tensor& input);
// The same, and `self` is none of the inputs: for what writes elements in another order than it
// reads.
void check_no_overlap(const Tensor& self, const Tensor& input);
void check_no_overlap(const Tensor& self, std::span<const Tensor> inputs);

// Another shape for `out`, in two steps: what can fail is done first. Its storage grows where it
// must; its elements are not kept in order. No other thread may use `out` meanwhile.
class Resize {
 public:
  // Checks, and allocates. Nothing where `out` has the shape already. `strides` are dense; without
  // them it becomes contiguous.
  Resize(const Tensor& out, Span shape, Span strides = {});
  // What `out` will be, to be written before the commit: what fails then has changed nothing.
  Tensor target() const;
  // PyTorch does where elements are given up. True as that of core/warning.h.
  bool warn() const;
  void commit() noexcept;

 private:
  Tensor out_;
  bool needed_;
  Exclusive alone_;
  Dims shape_, strides_;
  Ref<Storage> grown_;
};
// Writes `value` into `self`, which keeps shape and dtype.
void assign(const Tensor& self, const Tensor& value);
// Writes `value` into `out`, which is resized where its shape differs.
void make_out(const Tensor& out, const Tensor& value);
// The same, with PyTorch's warning of a resize that gives up elements; `strides` as for Resize.
void assign_out(const Tensor& out, const Tensor& value, Span strides = {});
// `value` in the shape of an `out` that has as many elements: one that need not be resized. PyTorch
// warns where that has other elements.
Tensor filling(const Tensor& value, const Tensor& out);
// assign_out for several, of which none is changed unless all can be. The outs must not share
// memory.
struct Assignment {
  const Tensor& out;
  const Tensor& value;
};
void assign_outs(std::initializer_list<Assignment> assignments);
// Makes `self` the view of its storage that `view` is.
void set_geometry(const Tensor& self, const Tensor& view);

}  // namespace libtensor::ops
