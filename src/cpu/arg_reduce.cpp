// Positions of extremes. The reduced dims are walked in their logical order, so that the first
// position wins by itself.
#include "cpu/reduce.h"
#include "cpu/reduce_plan.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kGrain = 16384;

template <class T>
bool is_nan(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return value != value;
  else
    return false;
}

template <class T, bool kMax>
bool is_better(T candidate, T best) {
  if (is_nan(best)) return false;
  return (kMax ? candidate > best : candidate < best) || is_nan(candidate);
}

template <class T>
int64_t find_first(const T* values, T wanted) {
  int64_t i = 0;
  if (is_nan(wanted)) {
    while (!is_nan(values[i])) ++i;
  } else {
    while (values[i] != wanted) ++i;
  }
  return i;
}

// T is the compute type of the elements.
template <class T, bool kMax>
class ArgRun {
 public:
  explicit ArgRun(const ReduceCall& call)
      : call_(call),
        in_(call.in, dtype_of<T>),
        kernel_(reduce_kernel(kMax ? ReduceOp::kMax : ReduceOp::kMin, dtype_of<T>)),
        plan_(call) {
    plan_.finish(/*sort_reduced=*/false);
  }

  void run() const {
    if (plan_.outputs == 0 || plan_.count == 0) return;
    const bool along_reduced = plan_.along_reduced();
    const int64_t columns = plan_.kept.shape[0], width = along_reduced ? 1 : kReduceColumns;
    const int64_t across = ceil_div(columns, width);
    const int64_t grain = std::max<int64_t>(1, kGrain / (plan_.count * std::min(width, columns)));
    parallel_for(across * (plan_.outputs / columns), grain, [&](int64_t begin, int64_t end) {
      T best[kReduceColumns];
      int64_t position[kReduceColumns];
      for (int64_t item = begin; item < end; ++item) {
        const int64_t first = item % across * width, n = std::min(width, columns - first);
        if (along_reduced)
          scan_row(offset_of(0, first, item / across), best, position);
        else
          scan_columns(offset_of(0, first, item / across), n, best, position);
        store(first, item / across, n, best, position);
      }
    });
  }

 private:
  int64_t offset_of(int operand, int64_t column, int64_t outer) const {
    return column * plan_.kept.strides[operand][0] + nest_offset(plan_.kept, operand, 1, outer);
  }

  void scan_row(int64_t offset, T* best, int64_t* position) const {
    const auto& reduced = plan_.reduced;
    const int64_t length = reduced.shape[0], stride = reduced.strides[0][0];
    alignas(64) T buffer[kReduceBlock];
    bool found = false;
    for (int64_t row = 0, seen = 0; row < plan_.count / length; ++row) {
      const int64_t row_offset = offset + nest_offset(reduced, 0, 1, row);
      for (int64_t i = 0; i < length; i += kReduceBlock) {
        const int64_t n = std::min(kReduceBlock, length - i);
        const T* values =
            static_cast<const T*>(in_.load(row_offset + i * stride, stride, n, buffer));
        T extreme;
        kernel_.row(&extreme, 1, values, n);
        if (!found || is_better<T, kMax>(extreme, *best)) {
          *best = extreme;
          *position = seen + find_first(values, extreme);
          found = true;
        }
        seen += n;
      }
    }
  }

  void scan_columns(int64_t offset, int64_t n, T* best, int64_t* position) const {
    const int64_t stride = plan_.kept.strides[0][0];
    alignas(64) T buffer[kReduceColumns];
    for (int64_t i = 0; i < plan_.count; ++i) {
      const int64_t at = offset + nest_offset(plan_.reduced, 0, 0, i);
      const T* values = static_cast<const T*>(in_.load(at, stride, n, buffer));
      for (int64_t j = 0; j < n; ++j) {
        const bool better = i == 0 || is_better<T, kMax>(values[j], best[j]);
        best[j] = better ? values[j] : best[j];
        position[j] = better ? i : position[j];
      }
    }
  }

  void store(int64_t column, int64_t outer, int64_t n, const T* best,
             const int64_t* position) const {
    const bool position_only = call_.op == ReduceOp::kArgMax || call_.op == ReduceOp::kArgMin;
    if (position_only) return store_to(call_.out, 1, column, outer, n, position, DType::kInt64);
    store_to(call_.out, 1, column, outer, n, best, dtype_of<T>);
    store_to(call_.second, 2, column, outer, n, position, DType::kInt64);
  }

  void store_to(const Operand& out, int operand, int64_t column, int64_t outer, int64_t n,
                const void* values, DType dtype) const {
    alignas(64) unsigned char converted[kReduceColumns * 8];
    const int size = static_cast<int>(size_of(out.dtype));
    const int64_t stride = plan_.kept.strides[operand][0], one = 1;
    unsigned char* target =
        static_cast<unsigned char*>(out.data) + offset_of(operand, column, outer) * size;
    convert_kernel(dtype, out.dtype)(converted, values, n);
    strided_copy(size, 1, &n, target, &stride, converted, &one);
  }

  const ReduceCall& call_;
  ReduceInput in_;
  const ReduceKernel& kernel_;
  ReducePlan plan_;
};

}  // namespace

void arg_reduce(const ReduceCall& call) {
  const bool max = call.op == ReduceOp::kArgMax || call.op == ReduceOp::kMaxIndex;
  dispatch(compute_dtype(call.in.dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_arithmetic_v<T>) {
      if (max)
        ArgRun<T, true>(call).run();
      else
        ArgRun<T, false>(call).run();
    }
  });
}

}  // namespace libtensor::cpu
