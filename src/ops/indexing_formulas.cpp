// Derivatives of scatter_reduce, as PyTorch computes them (FunctionsManual.cpp).
#include "autograd/delayed_error.h"
#include "ops/formulas.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/comparison.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/indexing.h"
#include "ops/generated/functions/reductions.h"

namespace libtensor::ops {
namespace {

// The call whose derivative is computed.
struct Scattered {
  const Tensor &grad, &self;
  int64_t dim;
  const Tensor &index, &src;
  ScatterReduction reduce;
  bool include_self;
  const Tensor& result;

  Tensor gather_of(const Tensor& tensor) const { return gather(tensor, dim, index); }
  Tensor add_to(const Tensor& target, const Tensor& added) const {
    return scatter_add(target, dim, index, added);
  }
  Tensor reduced(const Tensor& into, const Tensor& from) const {
    return scatter_reduce(into, dim, index, from, reduce, include_self);
  }
};

Tensor as_numbers(const Tensor& truth, const Tensor& like) {
  return to_copy(truth, like.dtype(), like.device());
}

Tensor with_ones_where(const Tensor& truth, const Tensor& self) {
  return where_scalar_self(truth, 1, self);
}

Tensor of_mean_counts(const Scattered& call) {
  const Tensor start = full(call.self.shape(), call.include_self ? 1 : 0, options_of(call.grad));
  const Tensor ones = full(call.src.shape(), 1, options_of(call.grad));
  const Tensor counts = call.add_to(start, ones);
  return with_ones_where(eq_scalar(counts, 0), counts);
}

// A factor that is 0 is one that is left out of the product; of several zeros that meet, each one's
// derivative is 0, and theirs is not computed.
Tensor product_backward_src(const Scattered& call) {
  const Tensor is_zero = eq_scalar(call.src, 0);
  const Tensor zeros =
      call.gather_of(call.add_to(zeros_like(call.self), as_numbers(is_zero, call.self)));
  const Tensor alone = bitwise_and(is_zero, eq_scalar(zeros, 1));
  const Tensor without = call.reduced(call.self, with_ones_where(alone, call.src));
  const Tensor divided =
      div(call.gather_of(mul(call.grad, call.result)), with_ones_where(is_zero, call.src));
  const Tensor gradient = where(alone, call.gather_of(mul(call.grad, without)), divided);
  const Tensor several = any(gt_scalar(zeros, 1));
  if (!*to_copy(several, DType::kBool, Device{}).data_as<bool>()) return gradient;
  const Tensor inputs[] = {gradient};
  return autograd::without_derivative(
      gradient, inputs,
      "scatter_reduce(): Double backward is unsupported for src when >1 zeros in src are scattered "
      "to the same position in self");
}

Tensor product_backward_self(const Scattered& call) {
  const Tensor masked = with_ones_where(eq_scalar(call.self, 0), call.self);
  return div(mul(call.grad, call.reduced(masked, call.src)), masked);
}

// Shares the gradient out among the elements that are equal to the extreme.
std::array<Tensor, 2> extreme_backward(const Scattered& call) {
  const Tensor self_is = as_numbers(eq(call.self, call.result), call.self);
  const Tensor src_is = as_numbers(eq(call.src, call.gather_of(call.result)), call.src);
  const Tensor shares = div(call.grad, call.add_to(self_is, src_is));
  return {mul(self_is, shares), mul(src_is, call.gather_of(shares))};
}

std::array<Tensor, 2> backward(const Scattered& call, const std::array<bool, 2>& wanted) {
  switch (call.reduce) {
    case ScatterReduction::kSum:
      return {call.grad, wanted[1] ? call.gather_of(call.grad) : Tensor()};
    case ScatterReduction::kProd:
      return {wanted[0] ? product_backward_self(call) : Tensor(),
              wanted[1] ? product_backward_src(call) : Tensor()};
    case ScatterReduction::kMean: {
      const Tensor shares = div(call.grad, of_mean_counts(call));
      return {shares, wanted[1] ? call.gather_of(shares) : Tensor()};
    }
    default:
      return extreme_backward(call);
  }
}

}  // namespace

std::array<Tensor, 2> scatter_reduce_backward(const Tensor& grad, const Tensor& self, int64_t dim,
                                              const Tensor& index, const Tensor& src,
                                              ScatterReduction reduce, bool include_self,
                                              const Tensor& result,
                                              const std::array<bool, 2>& wanted) {
  std::array<Tensor, 2> gradients =
      backward({grad, self, dim, index, src, reduce, include_self, result}, wanted);
  if (wanted[0] && !include_self)
    gradients[0] = scatter(gradients[0], dim, index, zeros_of(index.shape(), grad));
  for (int i = 0; i < 2; ++i) {
    if (!wanted[i]) gradients[i] = Tensor();
  }
  return gradients;
}

}  // namespace libtensor::ops
