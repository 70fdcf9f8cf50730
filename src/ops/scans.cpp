// Running totals along a dim.
#include "ops/generated/compute/scans.h"
#include "core/calls/scan.h"
#include "core/kernel_registry.h"
#include "ops/checks.h"
#include "ops/generated/compute/copies.h"
#include "ops/into.h"
#include "ops/pointwise.h"

namespace libtensor::ops::compute {
namespace {

// As the kernel sees a tensor that it walks through from one end of `dim` or the other.
class Walked {
 public:
  Walked(const Tensor& tensor, int dim, bool reverse)
      : strides_(tensor.strides()), operand_{tensor.data(), tensor.dtype(), strides_.data()} {
    if (!reverse) return;
    const int64_t bytes =
        (tensor.size(dim) - 1) * strides_[dim] * static_cast<int64_t>(size_of(tensor.dtype()));
    operand_.data = static_cast<char*>(operand_.data) + bytes;
    strides_[dim] = -strides_[dim];
  }
  Walked(const Walked&) = delete;
  Walked& operator=(const Walked&) = delete;

  const Operand& operand() const { return operand_; }

 private:
  Dims strides_;
  Operand operand_;
};

// All are of one dtype.
void run(ScanOp op, const Tensor& out, const Tensor& self, const Tensor& factor, int64_t dim,
         bool reverse) {
  if (out.numel() == 0) return;
  if (out.ndim() == 0) return pointwise::copy(out, self);
  ScanCall call;
  call.op = op;
  call.ndim = out.ndim();
  call.dim = wrap_dim(dim, out.ndim());
  call.shape = out.shape().data();
  const Walked to(out, call.dim, reverse), from(self, call.dim, reverse);
  call.out = to.operand();
  call.in = from.operand();
  if (!factor.defined()) return run_kernel(out.device(), call);
  const Walked by(factor, call.dim, reverse);
  call.factor = by.operand();
  run_kernel(out.device(), call);
}

void run(ScanOp op, const Tensor& out, const Tensor& self, int64_t dim, bool reverse) {
  const Tensor converted =
      self.dtype() == out.dtype() ? self : to_copy(self, out.dtype(), self.device());
  run(op, out, converted, {}, dim, reverse);
}

ResultMeta infer(const char* name, const Tensor& self, int64_t dim, DType dtype) {
  wrap_dim(dim, self.ndim());
  check_scan(name, self, dtype);
  return {self.shape(), dtype, self.device()};
}

DType dtype_of_total(const Tensor& self, std::optional<DType> dtype) {
  check_recorded_dtype(self, dtype);
  return dtype.value_or(is_floating(self.dtype()) ? self.dtype() : DType::kInt64);
}

}  // namespace

ResultMeta infer_cumsum(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return infer("cumsum", self, dim, dtype_of_total(self, dtype));
}
void cumsum_into(const Tensor& out, const Tensor& self, int64_t dim, std::optional<DType>) {
  run(ScanOp::kSum, out, self, dim, false);
}

ResultMeta infer_cumprod(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return infer("cumprod", self, dim, dtype_of_total(self, dtype));
}
void cumprod_into(const Tensor& out, const Tensor& self, int64_t dim, std::optional<DType>) {
  run(ScanOp::kProduct, out, self, dim, false);
}

ResultMeta infer_running_sum(const Tensor& self, int64_t dim, DType dtype, bool) {
  return infer("cumsum", self, dim, dtype);
}
void running_sum_into(const Tensor& out, const Tensor& self, int64_t dim, DType, bool reverse) {
  run(ScanOp::kSum, out, self, dim, reverse);
}

ResultMeta infer_running_product(const Tensor& self, int64_t dim, DType dtype, bool) {
  return infer("cumprod", self, dim, dtype);
}
void running_product_into(const Tensor& out, const Tensor& self, int64_t dim, DType, bool reverse) {
  run(ScanOp::kProduct, out, self, dim, reverse);
}

ResultMeta infer_recurrence(const Tensor& self, const Tensor&, int64_t, bool) {
  return {self.shape(), self.dtype(), self.device()};
}
void recurrence_into(const Tensor& out, const Tensor& self, const Tensor& factor, int64_t dim,
                     bool reverse) {
  run(ScanOp::kRecurrence, out, self, factor, dim, reverse);
}

}  // namespace libtensor::ops::compute
