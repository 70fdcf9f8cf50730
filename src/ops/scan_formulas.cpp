// Derivatives of products and running totals. PyTorch's divide by the elements and treat zeros
// apart; these multiply what comes before an element by what comes after it, so that a zero is an
// element like others and the derivative can be differentiated again.
#include "ops/formulas.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/joining.h"
#include "ops/generated/functions/scans.h"
#include "ops/generated/functions/views.h"

namespace libtensor::ops {
namespace {

// self one place further along `dim`, or one place back, with `edge` where nothing comes to.
Tensor shifted(const Tensor& self, int64_t dim, bool further, double edge) {
  Dims shape = self.shape();
  const int64_t kept = shape[dim] - 1;
  shape[dim] = 1;
  const Tensor rest = narrow(self, dim, further ? 0 : 1, kept);
  const Tensor end = full(shape, edge, options_of(self));
  const Tensor parts[] = {further ? end : rest, further ? rest : end};
  return cat(parts, dim);
}

}  // namespace

Tensor prod_dim_backward(const Tensor& grad, const Tensor& self, int64_t dim, bool keepdim) {
  const Tensor given =
      to_like(restore_dims(grad, self.shape(), Dims{dim}, keepdim), self.dtype(), self.device());
  if (self.ndim() == 0) return given;
  if (self.numel() == 0) return zeros_like(self);
  const int64_t at = wrap_dim(dim, self.ndim());
  const Tensor before = shifted(running_product(self, at, self.dtype(), false), at, true, 1);
  const Tensor after = shifted(running_product(self, at, self.dtype(), true), at, false, 1);
  return mul(given, mul(before, after));
}

Tensor prod_backward(const Tensor& grad, const Tensor& self) {
  const Tensor flat = reshape(self, Dims{-1});
  return reshape(prod_dim_backward(grad, flat, 0, false), self.shape());
}

// An element's share in a later product is what lies between the two: the products before it times
// g[i] + x[i + 1] * (g[i + 1] + x[i + 2] * (...)).
Tensor running_product_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                                int64_t dim, bool reverse) {
  const Tensor given = to_like(grad, self.dtype(), self.device());
  if (self.ndim() == 0 || self.numel() == 0) return given;
  const int64_t at = wrap_dim(dim, self.ndim());
  const Tensor products = to_like(result, self.dtype(), self.device());
  const Tensor before = shifted(products, at, !reverse, 1);
  return mul(before, recurrence(given, shifted(self, at, reverse, 0), at, !reverse));
}

std::array<Tensor, 2> recurrence_backward(const Tensor& grad, const Tensor& factor,
                                          const Tensor& result, int64_t dim, bool reverse,
                                          const std::array<bool, 2>& wanted) {
  const Tensor of_self = recurrence(grad, shifted(factor, dim, reverse, 0), dim, !reverse);
  std::array<Tensor, 2> gradients;
  if (wanted[0]) gradients[0] = of_self;
  if (wanted[1]) gradients[1] = mul(of_self, shifted(result, dim, !reverse, 0));
  return gradients;
}

}  // namespace libtensor::ops
