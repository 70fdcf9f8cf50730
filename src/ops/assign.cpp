#include "ops/assign.h"

#include <span>
#include <vector>

#include "core/checked.h"
#include "core/warning.h"
#include "ops/pointwise.h"

namespace libtensor::ops {

void check_can_cast(DType from, DType to) {
  check(can_cast(from, to), "result type ", scalar_name_of(from),
        " can't be cast to the desired output type ", scalar_name_of(to));
}

void check_no_internal_overlap(const Tensor& self) {
  if (self.is_contiguous()) return;
  for (int i = 0; i < self.ndim(); ++i) {
    check(self.shape()[i] <= 1 || self.strides()[i] != 0,
          "unsupported operation: more than one element of the written-to tensor refers to a "
          "single memory location. "
          "Please clone() the tensor before performing the operation.");
  }
}

namespace {

enum class Overlap { kNone, kPartial, kFull };

// As far as is easily seen, which is for dense tensors. Source: PyTorch's get_overlap_status.
Overlap overlap_of(const Tensor& a, const Tensor& b) {
  if (a.is_same(b)) return Overlap::kFull;
  if (a.storage().lender() != b.storage().lender()) return Overlap::kNone;
  if (a.numel() == 0 || b.numel() == 0) return Overlap::kNone;
  if (!is_dense(a.shape(), a.strides()) || !is_dense(b.shape(), b.strides())) return Overlap::kNone;
  const auto begin = [](const Tensor& t) { return t.data_as<const char>(); };
  const auto end = [&](const Tensor& t) { return begin(t) + t.numel() * size_of(t.dtype()); };
  if (begin(a) >= end(b) || begin(b) >= end(a)) return Overlap::kNone;
  const bool same = begin(a) == begin(b) && end(a) == end(b) && a.strides() == b.strides();
  return same ? Overlap::kFull : Overlap::kPartial;
}

void check_apart(bool apart) {
  check(apart,
        "unsupported operation: some elements of the input tensor and the written-to tensor refer "
        "to a single memory location. Please clone() the tensor before performing the operation.");
}

}  // namespace

void check_no_partial_overlap(const Tensor& self, const Tensor& input) {
  check_apart(overlap_of(self, input) != Overlap::kPartial);
}

void check_no_overlap(const Tensor& self, const Tensor& input) {
  check_apart(overlap_of(self, input) == Overlap::kNone);
}

void check_no_overlap(const Tensor& self, std::span<const Tensor> inputs) {
  for (const Tensor& input : inputs) check_no_overlap(self, input);
}

Resize::Resize(const Tensor& out, Span shape, Span strides)
    : out_(out), needed_(!(out.shape() == Dims(shape))) {
  if (!needed_) return;
  alone_ = Exclusive(out);
  const int64_t item = size_of(out.dtype());
  checked_numel(shape, item);
  shape_ = Dims(shape);
  strides_ = strides.empty() ? contiguous_strides(shape) : Dims(strides);
  if (numel_of(shape) == 0) return;
  const Checked bytes = (Checked(out.offset()) + numel_of(shape)) * item;
  check(bytes.fits(), "Storage size calculation overflowed with sizes=", shape_);
  if (static_cast<size_t>(bytes.value()) > out.storage().bytes())
    grown_ = out.storage().grown(bytes.value());
}

Tensor Resize::target() const {
  if (!needed_) return out_;
  const Ref<Storage>& storage = grown_ ? grown_ : out_.impl()->storage;
  return Tensor::over(storage, Dims{0}, Dims{1}, out_.dtype())
      .view(shape_, strides_, out_.offset());
}

bool Resize::warn() const {
  if (!needed_ || out_.numel() == 0) return false;
  return libtensor::warn(
      "An output with one or more elements was resized since it had shape ", out_.shape(),
      ", which does not match the required output shape ", shape_,
      ". This behavior is deprecated, and in a future PyTorch release outputs will not be resized "
      "unless they have zero elements. You can explicitly reuse an out tensor t by resizing it, "
      "inplace, to zero elements with t.resize_(0).");
}

void Resize::commit() noexcept {
  if (!needed_) return;
  TensorImpl& impl = *out_.impl();
  impl.shape = std::move(shape_);
  impl.strides = std::move(strides_);
  impl.update_geometry();
  if (!grown_) return;
  const Ref<Storage> storage = impl.storage;  // what goes with its old memory may call back
  storage->take_over(std::move(grown_));
}

void assign(const Tensor& self, const Tensor& value) {
  check_can_cast(value.dtype(), self.dtype());
  check(value.shape() == self.shape(), "Bad in-place call: input tensor size ", self.shape(),
        " and output tensor size ", value.shape(), " should match");
  check_no_internal_overlap(self);
  pointwise::copy(self, value);
}

namespace {

void check_assignable(const Tensor& out, const Tensor& value) {
  check_can_cast(value.dtype(), out.dtype());
  check(value.device() == out.device(), "Expected out tensor to be on device ", value.device(),
        ", but it is on ", out.device());
  check_no_internal_overlap(out);
}

// Two outs of one call, with the shapes that they will have.
void check_outs_apart(const Assignment& a, const Assignment& b) {
  const auto begin = [](const Assignment& x) { return reinterpret_cast<uintptr_t>(x.out.data()); };
  const auto end = [&](const Assignment& x) {
    const bool stays = x.out.shape() == x.value.shape();
    const int64_t last =
        stays ? reach(x.out.shape(), x.out.strides()) : numel_of(x.value.shape()) - 1;
    return begin(x) + (last + 1) * size_of(x.out.dtype());
  };
  const bool touch = a.out.storage().lender() == b.out.storage().lender() && begin(a) < end(b) &&
                     begin(b) < end(a);
  check(!a.out.is_same(b.out) && !touch,
        "unsupported operation: two outputs of one call refer to the same memory location. Please "
        "give tensors that share none.");
}

std::vector<Resize> planned(std::span<const Assignment> assignments) {
  std::vector<Resize> resizes;
  resizes.reserve(assignments.size());
  for (const Assignment& one : assignments) {
    check_assignable(one.out, one.value);
    for (const Assignment& other : assignments) {
      if (&other != &one) check_outs_apart(one, other);
    }
    resizes.emplace_back(one.out, one.value.shape());
  }
  return resizes;
}

}  // namespace

Tensor filling(const Tensor& value, const Tensor& out) {
  if (value.numel() != out.numel() && out.numel() > 0) {
    warn("The number of elements in the out tensor of shape ", out.shape(), " is ", out.numel(),
         " which does not match the computed number of elements ", value.numel(),
         ". Note that this may occur as a result of rounding error. The out tensor will be resized "
         "to a tensor of shape (",
         value.numel(), ",).");
  }
  return value.numel() == out.numel() ? value.view(out.shape(), contiguous_strides(out.shape()), 0)
                                      : value;
}

void make_out(const Tensor& out, const Tensor& value) {
  check_assignable(out, value);
  Resize resize(out, value.shape());
  pointwise::copy(resize.target(), value);
  resize.commit();
}

void assign_out(const Tensor& out, const Tensor& value, Span strides) {
  check_assignable(out, value);
  Resize resize(out, value.shape(), strides);
  if (resize.warn()) {
    check_assignable(out, value);
    resize = Resize(out, value.shape(), strides);
  }
  pointwise::copy(resize.target(), value);
  resize.commit();
}

void assign_outs(std::initializer_list<Assignment> assignments) {
  std::vector<Resize> resizes = planned(assignments);
  bool warned = false;
  for (const Resize& resize : resizes) warned |= resize.warn();
  if (warned) resizes = planned(assignments);
  auto resize = resizes.begin();
  for (const Assignment& one : assignments) pointwise::copy((resize++)->target(), one.value);
  for (Resize& planned : resizes) planned.commit();
}

void set_geometry(const Tensor& self, const Tensor& view) {
  TensorImpl& impl = *self.impl();
  Dims shape = view.shape(), strides = view.strides();  // may fail: before the first change
  impl.shape = std::move(shape);
  impl.strides = std::move(strides);
  impl.offset = view.offset();
  impl.update_geometry();
}

}  // namespace libtensor::ops
