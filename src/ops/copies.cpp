// Copies and conversions.
#include "ops/generated/compute/copies.h"
#include "autograd/history.h"
#include "core/plugin.h"
#include "ops/assign.h"
#include "ops/checks.h"
#include "ops/copies.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace {

// Pinned memory is the same for all.
DeviceRuntime& a_cuda_runtime() { return runtime_for({DeviceType::kCuda, 0}); }

// Do the elements of `tensor` fill one run of memory?
bool is_one_run(const Tensor& tensor) { return is_dense(tensor.shape(), tensor.strides()); }

// The elements of `from` to `to`, which has its dtype and strides, on another device; both are one
// run. Where the host's side is pinned, it need not wait, and its memory is kept until the copy is
// done.
void move_bytes(const Tensor& to, const Tensor& from, bool non_blocking) {
  const bool to_host = to.device().is_cpu();
  DeviceRuntime& runtime = runtime_for(to_host ? from.device() : to.device());
  const void* const host = (to_host ? to : from).storage().data();
  const bool waits_not =
      non_blocking && (to_host || from.device().is_cpu()) && runtime.is_pinned(host);
  runtime.copy_bytes(to.data(), to.device(), from.data(), from.device(),
                     from.numel() * size_of(from.dtype()), waits_not);
  if (waits_not) runtime.record_stream(host, runtime.current_stream());
}

Tensor empty_pinned(Span shape, Span strides, DType dtype, DeviceRuntime& runtime) {
  const size_t bytes = checked_numel(shape, size_of(dtype)) * size_of(dtype);
  void* const data = runtime.allocate_pinned(bytes);
  Ref<Storage> storage;
  try {
    storage = Storage::share(data, bytes, Device{});
  } catch (...) {
    runtime.free_pinned(data);
    throw;
  }
  storage->set_deleter([](void* block) { a_cuda_runtime().free_pinned(block); }, data);
  return Tensor::over(std::move(storage), shape, strides, dtype);
}

Tensor copied_to(const Tensor& self, DType dtype, Device device, bool non_blocking) {
  const bool moves = device != self.device();
  // As in PyTorch, the CPU converts what comes to it: numbers out of range become what they become
  // there.
  if (moves && device.is_cpu() && !non_blocking && dtype != self.dtype()) {
    return copied_to(copied_to(self, self.dtype(), device, false), dtype, device, false);
  }
  const Dims strides = dense_strides_like(self.shape(), self.strides());
  Tensor result = self;  // on its own device, as it should be
  if (!moves || dtype != self.dtype() || !is_one_run(self)) {
    result = Tensor::empty_strided(self.shape(), strides, dtype, self.device());
    pointwise::copy(result, self);
  }
  if (!moves) return result;
  Tensor moved = non_blocking && device.is_cpu()
                     ? empty_pinned(self.shape(), strides, dtype, runtime_for(self.device()))
                     : Tensor::empty_strided(self.shape(), strides, dtype, device);
  move_bytes(moved, result, non_blocking);
  return moved;
}

void copy_into(const Tensor& self, const Tensor& src, bool non_blocking) {
  const Dims shape = broadcast_shapes(self.shape(), src.shape());
  check(shape == self.shape(), "output with shape ", self.shape(),
        " doesn't match the broadcast shape ", shape);
  if (self.is_same(src)) return;
  check_no_internal_overlap(self);
  check_no_partial_overlap(self, src);
  if (self.device() == src.device()) return pointwise::copy(self, src);
  const bool as_it_lies = self.dtype() == src.dtype() && self.shape() == src.shape() &&
                          self.strides() == src.strides() && is_one_run(self);
  if (as_it_lies) return move_bytes(self, src, non_blocking);
  // Whoever reads a copy on the CPU must not find it on its way. The CPU converts on either way.
  const bool to_cpu = self.device().is_cpu();
  const DType dtype = src.device().is_cpu() ? self.dtype() : src.dtype();
  pointwise::copy(self, copied_to(src, dtype, self.device(), non_blocking && !to_cpu));
}

}  // namespace

namespace compute {

void copy_(const Tensor& self, const Tensor& src) { copy_into(self, src, false); }
void copy_non_blocking_(const Tensor& self, const Tensor& src) { copy_into(self, src, true); }

void fill_(const Tensor& self, Scalar value) {
  check_fill(value, self);  // elements may share memory: all become the same
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
  return copied_to(self, dtype, device, false);
}
Tensor to_copy_non_blocking(const Tensor& self, DType dtype, Device device) {
  return copied_to(self, dtype, device, true);
}

Tensor pinned_copy(const Tensor& self) {
  Tensor result =
      empty_pinned(self.shape(), contiguous_strides(self.shape()), self.dtype(), a_cuda_runtime());
  pointwise::copy(result, self);
  return result;
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

Tensor to_non_blocking(const Tensor& self, const Options& options) {
  const DType dtype = options.dtype_or(self.dtype());
  const Device device = options.device_or(self.device());
  if (dtype == self.dtype() && device == self.device()) return self;
  return to_copy_non_blocking(self, dtype, device);
}

bool is_pinned(const Tensor& self) {
  return self.device().is_cpu() && device_count(DeviceType::kCuda) > 0 &&
         a_cuda_runtime().is_pinned(self.storage().data());
}

Tensor pin_memory(const Tensor& self) {
  check(self.device().is_cpu(), "cannot pin a tensor on ", self.device(),
        ": only dense CPU tensors can be pinned");
  check_as(Status::kUnavailable, cuda_is_available(),
           "Cannot access accelerator device when none is available: ", cuda_unavailable_reason());
  return is_pinned(self) ? self : pinned_copy(self);
}

}  // namespace libtensor::ops
