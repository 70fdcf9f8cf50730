// Copies and conversions.
#include "autograd/history.h"
#include "ops/assign.h"
#include "ops/checks.h"
#include "ops/generated/compute.h"
#include "ops/generated/functions.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace compute {

void copy_(const Tensor& self, const Tensor& src) {
  const Dims shape = broadcast_shapes(self.shape(), src.shape());
  check(shape == self.shape(), "output with shape ", self.shape(),
        " doesn't match the broadcast shape ", shape);
  if (self.is_same(src)) return;
  check_no_internal_overlap(self);
  check_no_partial_overlap(self, src);
  pointwise::copy(self,
                  self.device() == src.device() ? src : to_copy(src, src.dtype(), self.device()));
}

void fill_(const Tensor& self, Scalar value) {
  check_fits(value, self.dtype());
  check_no_internal_overlap(self);
  pointwise::fill(self, value);
}

void fill_tensor_(const Tensor& self, const Tensor& value) {
  check(value.ndim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ",
        value.ndim(), " dimensions.");
  check_no_internal_overlap(self);
  pointwise::copy(
      self, value.device() == self.device() ? value : to_copy(value, value.dtype(), self.device()));
}

// Unlike fill_, this may write an element twice: an expanded tensor is fine.
void zero_(const Tensor& self) { pointwise::fill(self, 0); }

Tensor clone(const Tensor& self) { return to_copy(self, self.dtype(), self.device()); }

Tensor contiguous_copy(const Tensor& self) {
  Tensor result = Tensor::empty(self.shape(), self.dtype(), self.device());
  pointwise::copy(result, self);
  return result;
}

Tensor to_copy(const Tensor& self, DType dtype, Device device) {
  const Dims strides = dense_strides_like(self.shape(), self.strides());
  Tensor result = Tensor::empty_strided(self.shape(), strides, dtype, self.device());
  pointwise::copy(result, self);
  if (device == self.device()) return result;
  Tensor moved = Tensor::empty_strided(self.shape(), strides, dtype, device);
  Backend& backend = backend_for(device.is_cpu() ? self.device() : device);
  backend.copy_bytes(moved.data(), device, result.data(), self.device(),
                     result.numel() * size_of(dtype));
  return moved;
}

Tensor detach(const Tensor& self) { return self.alias(); }

}  // namespace compute

Tensor contiguous(const Tensor& self) {
  return self.is_contiguous() ? self : contiguous_copy(self);
}

Tensor to(const Tensor& self, const Options& options) {
  const DType dtype = options.dtype_or(self.dtype());
  const Device device = options.device_or(self.device());
  if (dtype == self.dtype() && device == self.device()) return self;
  return to_copy(self, dtype, device);
}

}  // namespace libtensor::ops
