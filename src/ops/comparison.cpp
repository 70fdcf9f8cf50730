// Comparisons of whole tensors.
#include <cmath>

#include "autograd/mode.h"
#include "ops/checks.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/comparison.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/reductions.h"

namespace libtensor::ops {
namespace {

bool holds_everywhere(const Tensor& condition) {
  const Tensor result = to(all(condition), Options{DType::kBool, Device{}, false});
  return *result.data_as<bool>();
}

}  // namespace

bool equal(const Tensor& self, const Tensor& other) {
  const autograd::GradMode no_grad(false);
  check_same_device(self, other);
  check(self.dtype() == other.dtype(), "Expected object of data type ",
        scalar_name_of(self.dtype()), " but got data type ", scalar_name_of(other.dtype()),
        " for argument 'other' in call to equal");
  return self.shape() == other.shape() && holds_everywhere(eq(self, other));
}

// As torch.isclose: infinities are close only to themselves, NaN to NaN where `equal_nan`.
bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  const autograd::GradMode no_grad(false);
  check(self.dtype() == other.dtype(), scalar_name_of(self.dtype()), " did not match ",
        scalar_name_of(other.dtype()));
  check(rtol >= 0, "rtol must be greater than or equal to zero, but got ", rtol);
  check(atol >= 0, "atol must be greater than or equal to zero, but got ", atol);
  Tensor close = eq(self, other);
  if (equal_nan) close = add(close, mul(ne(self, self), ne(other, other)));
  if (rtol == 0 && atol == 0) return holds_everywhere(close);
  const DType wide = is_floating(self.dtype()) ? self.dtype() : DType::kFloat64;
  const Tensor a = to(self, Options{wide, self.device(), false}),
               b = to(other, Options{wide, other.device(), false});
  const Tensor difference = abs(sub(a, b));
  const Tensor finite = lt_scalar(difference, INFINITY);
  const Tensor allowed = add_scalar(abs(mul_scalar(b, rtol)), atol);
  return holds_everywhere(add(close, mul(finite, le(difference, allowed))));
}

}  // namespace libtensor::ops
