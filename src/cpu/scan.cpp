// Running totals. Each line is one thread's, in its order: results have the same bits for any
// number of threads. Several lines are worked on side by side, so that one addition does not wait
// for the other.
#include "core/calls/scan.h"

#include <algorithm>

#include "core/loop_nest.h"
#include "core/steps.h"
#include "cpu/cpu_kernel.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kGrain = 16384;
constexpr int64_t kColumns = 64;  // lines that are neighbours in memory
constexpr int64_t kRows = 8;      // lines that are not: each is a stream of its own

// As wide as PyTorch's kernels keep it.
template <class T>
using Total = std::conditional_t<!is_floating(dtype_of<T>), T,
                                 std::conditional_t<sizeof(T) == 2, float, double>>;

// The running total takes in an element.
template <class Step>
struct Fold {
  static constexpr bool kHasFactor = false;
  template <class A>
  static A next(A total, A x, A) {
    return Step::combine(total, x);
  }
};
struct RecurrenceStep {
  static constexpr bool kHasFactor = true;
  template <class A>
  static A next(A total, A x, A factor) {
    return Add(Mul(total, factor), x);
  }
};

enum { kOut, kIn, kFactor, kOperands };

// All lines of a call, in runs of neighbours.
class Lines {
 public:
  explicit Lines(const ScanCall& call) {
    const Operand* const operands[kOperands] = {&call.out, &call.in, &call.factor};
    nest_.operands = kOperands;
    for (int k = 0; k < kOperands; ++k) {
      step_[k] = call.ndim > 0 && operands[k]->data ? operands[k]->strides[call.dim] : 0;
    }
    length_ = call.ndim > 0 ? call.shape[call.dim] : 1;
    for (int i = call.ndim - 1; i >= 0; --i) {
      if (i == call.dim || call.shape[i] == 1) continue;
      for (int k = 0; k < kOperands; ++k) {
        nest_.strides[k][nest_.ndim] = operands[k]->data ? operands[k]->strides[i] : 0;
      }
      nest_.push(call.shape[i]);
    }
    nest_.sort_by_stride();
    nest_.collapse();
    if (nest_.ndim == 0) {
      for (auto& strides : nest_.strides) strides[0] = 0;
      nest_.push(1);
    }
    const bool neighbours = nest_.strides[kOut][0] < std::abs(step_[kOut]);
    width_ = std::min(nest_.shape[0], neighbours ? kColumns : kRows);
    across_ = ceil_div(nest_.shape[0], width_);
    for (int i = 1; i < nest_.ndim; ++i) outer_ *= nest_.shape[i];
  }

  int64_t length() const { return length_; }
  int64_t step(int operand) const { return step_[operand]; }
  int64_t column_step(int operand) const { return nest_.strides[operand][0]; }

  // What works on `width` lines, the first of which begins at these offsets.
  using Kernel = void (*)(const ScanCall& call, const Lines& lines,
                          const int64_t (&offsets)[kOperands], int64_t width);

  void for_each_run(const ScanCall& call, Kernel kernel) const {
    const int64_t grain = std::max<int64_t>(1, kGrain / (length_ * width_));
    parallel_for(outer_ * across_, grain, [&](int64_t begin, int64_t end) {
      for (int64_t run = begin; run < end; ++run) {
        const int64_t column = run % across_ * width_;
        int64_t offsets[kOperands];
        for (int k = 0; k < kOperands; ++k) offsets[k] = column * nest_.strides[k][0];
        int64_t rest = run / across_;
        for (int i = 1; i < nest_.ndim; rest /= nest_.shape[i], ++i) {
          for (int k = 0; k < kOperands; ++k) {
            offsets[k] += rest % nest_.shape[i] * nest_.strides[k][i];
          }
        }
        kernel(call, *this, offsets, std::min(width_, nest_.shape[0] - column));
      }
    });
  }

 private:
  LoopNest<kOperands> nest_;  // all dims but that of the call
  int64_t step_[kOperands];
  int64_t length_, width_, across_, outer_ = 1;
};

// Where a run's next elements lie, and those of the neighbouring lines.
template <class T>
struct Elements {
  T* out;
  const T *in, *factor;

  Elements(const ScanCall& call, const int64_t (&offsets)[kOperands])
      : out(static_cast<T*>(call.out.data) + offsets[kOut]),
        in(static_cast<const T*>(call.in.data) + offsets[kIn]),
        factor(static_cast<const T*>(call.factor.data) + offsets[kFactor]) {}
};

template <class Step, class T>
Total<T> next_total(Total<T> total, const T* in, const T* factor) {
  using A = Total<T>;
  if constexpr (Step::kHasFactor)
    return Step::next(total, convert<A>(*in), convert<A>(*factor));
  else
    return Step::next(total, convert<A>(*in), A());
}

template <class T, class Step>
void scan_line(const Lines& lines, Elements<T> at) {
  const int64_t out = lines.step(kOut), in = lines.step(kIn), factor = lines.step(kFactor);
  Total<T> total = convert<Total<T>>(*at.in);
  *at.out = convert<T>(total);
  for (int64_t i = 1; i < lines.length(); ++i) {
    total = next_total<Step, T>(total, at.in + i * in, at.factor + i * factor);
    at.out[i * out] = convert<T>(total);
  }
}

// The next element of each of `width` lines. A function of its own: its vector forms are large.
template <class T, class Step>
[[gnu::noinline]] void scan_row(const Lines& lines, Elements<T> at, Total<T>* totals,
                                int64_t width) {
  const int64_t out = lines.column_step(kOut), in = lines.column_step(kIn),
                factor = lines.column_step(kFactor);
  for (int64_t j = 0; j < width; ++j) {
    totals[j] = next_total<Step, T>(totals[j], at.in + j * in, at.factor + j * factor);
    at.out[j * out] = convert<T>(totals[j]);
  }
}

template <class T, class Step>
void scan_run(const ScanCall& call, const Lines& lines, const int64_t (&offsets)[kOperands],
              int64_t width) {
  Elements<T> at(call, offsets);
  if (width == 1) return scan_line<T, Step>(lines, at);
  Total<T> totals[kColumns];
  for (int64_t j = 0; j < width; ++j) {
    const T first = at.in[j * lines.column_step(kIn)];
    totals[j] = convert<Total<T>>(first);
    at.out[j * lines.column_step(kOut)] = first;
  }
  for (int64_t i = 1; i < lines.length(); ++i) {
    at.out += lines.step(kOut);
    at.in += lines.step(kIn);
    at.factor += lines.step(kFactor);
    scan_row<T, Step>(lines, at, totals, width);
  }
}

template <class Step>
Lines::Kernel kernel_for(DType dtype) {
  return dispatch(dtype, [](auto tag) -> Lines::Kernel {
    using T = typename decltype(tag)::type;
    constexpr bool kFits = Step::kHasFactor ? is_floating(dtype_of<T>) : !std::is_same_v<T, bool>;
    if constexpr (kFits) return scan_run<T, Step>;
    return nullptr;
  });
}

Lines::Kernel kernel_of(const ScanCall& call) {
  switch (call.op) {
    case ScanOp::kSum:
      return kernel_for<Fold<AddStep>>(call.out.dtype);
    case ScanOp::kProduct:
      return kernel_for<Fold<MultiplyStep>>(call.out.dtype);
    case ScanOp::kRecurrence:
      return kernel_for<RecurrenceStep>(call.out.dtype);
  }
  return nullptr;
}

void scan(const ScanCall& call) { Lines(call).for_each_run(call, kernel_of(call)); }

const CpuKernel<scan> add_scan;

}  // namespace
}  // namespace libtensor::cpu
