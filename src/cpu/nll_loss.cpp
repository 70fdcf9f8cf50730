#include <cstring>
#include <limits>

#include "core/calls/nll_loss.h"
#include "core/checked_index.h"
#include "cpu/cpu_kernel.h"

namespace libtensor::cpu {
namespace {

void check_targets(const NllLossOperands& call) {
  for (int64_t i = 0; i < call.rows; ++i) {
    const int64_t target = read_index(call.target + i);
    check_as(Status::kIndexError, target == call.ignore_index || is_within(target, call.classes),
             "Target ", target, " is out of bounds.");
  }
}

// Half types compute in float.
template <class S>
using ComputeType = std::conditional_t<std::is_same_v<S, double>, double, float>;

template <class F>
void dispatch_floating(DType dtype, F body) {
  dispatch(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if constexpr (is_floating(dtype_of<S>)) body(tag);
  });
}

// Has the row no part in the loss? Nor has one whose target is out of bounds by now.
bool is_ignored(const NllLossOperands& call, int64_t target) {
  return target == call.ignore_index || !is_within(target, call.classes);
}

template <class S, class T = ComputeType<S>>
T weight_of(const NllLossOperands& call, int64_t target) {
  return call.weight ? convert<T>(static_cast<const S*>(call.weight)[target]) : T(1);
}

// Pairwise, as all sums here: blocks of rows, then halves.
template <class S, class T>
void sum_rows(const NllLossOperands& call, int64_t begin, int64_t end, T* loss, T* weight) {
  if (end - begin > 128) {
    const int64_t middle = begin + (end - begin) / 2;
    T other_loss, other_weight;
    sum_rows<S>(call, begin, middle, loss, weight);
    sum_rows<S>(call, middle, end, &other_loss, &other_weight);
    *loss += other_loss;
    *weight += other_weight;
    return;
  }
  const S* const input = static_cast<const S*>(call.input);
  *loss = *weight = T(0);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t target = read_index(call.target + i);
    if (is_ignored(call, target)) continue;
    const T w = weight_of<S>(call, target);
    *loss -= w * convert<T>(input[i * call.input_row_stride + target * call.input_class_stride]);
    *weight += w;
  }
}

void nll_loss(const NllLossCall& call) {
  check_targets(call);
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    using T = ComputeType<S>;
    S* const out = static_cast<S*>(call.out);
    S* const total_weight = static_cast<S*>(call.total_weight);
    if (call.reduction == Reduction::kNone) {
      for (int64_t i = 0; i < call.rows; ++i) {
        T loss, weight;
        sum_rows<S>(call, i, i + 1, &loss, &weight);
        out[i] = convert<S>(loss);
      }
      if (total_weight) *total_weight = convert<S>(T(0));
      return;
    }
    T loss, weight;
    sum_rows<S>(call, 0, call.rows, &loss, &weight);
    // With nothing to average the mean is NaN.
    *out = convert<S>(call.reduction == Reduction::kMean ? loss / weight : loss);
    if (total_weight) *total_weight = convert<S>(weight);
  });
}

void nll_loss_backward(const NllLossBackwardCall& call) {
  check_targets(call);
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    using T = ComputeType<S>;
    S* const out = static_cast<S*>(call.out);
    const S* const grad = static_cast<const S*>(call.grad);
    std::memset(call.out, 0, call.rows * call.classes * sizeof(S));
    for (int64_t i = 0; i < call.rows; ++i) {
      const int64_t target = read_index(call.target + i);
      if (is_ignored(call, target)) continue;
      T value = -weight_of<S>(call, target) *
                convert<T>(grad[call.reduction == Reduction::kNone ? i : 0]);
      if (call.reduction == Reduction::kMean)
        value /= convert<T>(*static_cast<const S*>(call.total_weight));
      out[i * call.classes + target] = convert<S>(value);
    }
  });
}

const CpuKernel<nll_loss> add_nll_loss;
const CpuKernel<nll_loss_backward> add_nll_loss_backward;

}  // namespace
}  // namespace libtensor::cpu
