#include "ops/assign.h"

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

void check_no_partial_overlap(const Tensor& self, const Tensor& input) {
  if (self.is_same(input) || self.storage().lender() != input.storage().lender()) return;
  if (self.numel() == 0 || input.numel() == 0) return;
  if (!is_dense(self.shape(), self.strides()) || !is_dense(input.shape(), input.strides())) return;
  const auto begin = [](const Tensor& t) { return t.data_as<const char>(); };
  const auto end = [&](const Tensor& t) { return begin(t) + t.numel() * size_of(t.dtype()); };
  if (begin(self) == begin(input) && end(self) == end(input) && self.strides() == input.strides())
    return;
  check(begin(self) >= end(input) || begin(input) >= end(self),
        "unsupported operation: some elements of the input tensor and the written-to tensor refer "
        "to a single memory "
        "location. Please clone() the tensor before performing the operation.");
}

void resize(const Tensor& out, Span shape) {
  TensorImpl& impl = *out.impl();
  const int64_t numel = checked_numel(shape, size_of(impl.dtype));
  const size_t bytes = (impl.offset + numel) * size_of(impl.dtype);
  if (bytes > impl.storage->bytes()) impl.storage->resize(bytes);
  impl.shape = Dims(shape);
  impl.strides = contiguous_strides(shape);
  impl.update_geometry();
}

void assign(const Tensor& self, const Tensor& value) {
  check_can_cast(value.dtype(), self.dtype());
  check(value.shape() == self.shape(), "Bad in-place call: input tensor size ", self.shape(),
        " and output tensor size ", value.shape(), " should match");
  check_no_internal_overlap(self);
  pointwise::copy(self, value);
}

void check_castable(const Tensor& value, const Tensor& out) {
  check_can_cast(value.dtype(), out.dtype());
  check(value.device() == out.device(), "Expected out tensor to be on device ",
        value.device().name(), ", but it is on ", out.device().name());
}

void assign_out(const Tensor& out, const Tensor& value) {
  check_castable(value, out);
  check_no_internal_overlap(out);
  if (value.shape() != out.shape()) resize(out, value.shape());
  pointwise::copy(out, value);
}

void set_geometry(const Tensor& self, const Tensor& view) {
  TensorImpl& impl = *self.impl();
  impl.shape = view.shape();
  impl.strides = view.strides();
  impl.offset = view.offset();
  impl.update_geometry();
}

}  // namespace libtensor::ops
