// Sums, products, means, maxima, minima, any, all. Each output's elements are cut into leaves,
// whose totals are combined pairwise: the error grows with the logarithm of the count (N. Higham,
// "The accuracy of floating point summation", 1993).
#include "cpu/reduce.h"

#include <bit>
#include <cstring>
#include <memory>

#include "cpu/cpu_kernel.h"
#include "cpu/reduce_plan.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kLeafRows = 32;       // of columns
constexpr int64_t kLeavesPerTask = 32;  // combined by one thread, where there are few outputs
constexpr int64_t kManyItems = 64;
constexpr int64_t kGrain = 32768;
constexpr int64_t kPlaneBytes = kReduceColumns * 8;
constexpr int64_t kTotalsBytes = kMostPlanes * kPlaneBytes;
constexpr int64_t kLevelsBytes = 16 * kPlaneBytes;  // on stacks of 64 KiB

DType accumulation_dtype(const ReduceCall& call) {
  const DType in = call.in.dtype, out = call.out.dtype;
  switch (call.op) {
    case ReduceOp::kSum:
    case ReduceOp::kMean:
      if (in == DType::kFloat64 || out == DType::kFloat64) return DType::kFloat64;
      if (!is_floating(out)) return DType::kInt64;
      return is_floating(in) ? DType::kFloat32 : DType::kFloat64;
    case ReduceOp::kMax:
    case ReduceOp::kMin:
      return compute_dtype(in);
    case ReduceOp::kProd:
      return is_floating(in) ? DType::kFloat64 : DType::kInt64;
    case ReduceOp::kVar:
    case ReduceOp::kStd:
      return DType::kFloat64;
    default:
      return DType::kBool;
  }
}

class ReduceRun {
 public:
  explicit ReduceRun(const ReduceCall& call);
  void run();

 private:
  int64_t columns_of(int64_t item) const;
  int64_t first_leaf(int64_t task) const { return task < tasks_ ? task * kLeavesPerTask : leaves_; }
  void run_task(int64_t item, int64_t task, void* totals) const;
  void leaf_total(int64_t in_offset, int64_t leaf, int64_t columns, void* totals) const;
  // Of one output, in the leaves [begin, end).
  int64_t elements(int64_t begin, int64_t end) const {
    return elements_before(end) - elements_before(begin);
  }
  int64_t elements_before(int64_t leaf) const {
    const int64_t length = plan_.reduced.shape[0];
    return leaf / leaves_per_row_ * length +
           std::min(leaf % leaves_per_row_ * leaf_length_, length);
  }
  // Totals of the leaves [begin, middle) take in those of [middle, end).
  void merge(void* totals, const void* others, int64_t columns, int64_t begin, int64_t middle,
             int64_t end) const {
    kernel_.merge(totals, others, columns, elements(begin, middle), elements(middle, end));
  }
  void store(int64_t item, void* totals) const;
  void store_plane(int64_t item, const void* plane, int operand, const Operand& to) const;

  const ReduceCall& call_;
  DType accumulate_;
  int size_;  // of a number of a total
  const ReduceKernel& kernel_;
  ReduceInput in_;
  ReducePlan plan_;
  bool along_reduced_;
  int64_t item_columns_, items_per_row_, items_;  // an item is a run of outputs
  int64_t leaf_length_, leaves_per_row_, leaves_, tasks_;
};

ReduceRun::ReduceRun(const ReduceCall& call)
    : call_(call),
      accumulate_(accumulation_dtype(call)),
      size_(static_cast<int>(size_of(accumulate_))),
      kernel_(reduce_kernel(call.op, accumulate_)),
      in_(call.in, accumulate_),
      plan_(call) {
  plan_.finish(/*sort_reduced=*/true);
  along_reduced_ = plan_.along_reduced();
  const int64_t columns = plan_.kept.shape[0];
  item_columns_ = std::min(columns, kReduceColumns);
  if (along_reduced_) {
    item_columns_ =
        std::clamp<int64_t>(kGrain / std::max<int64_t>(plan_.count, 1), 1, item_columns_);
  }
  items_per_row_ = ceil_div(columns, item_columns_);
  items_ = items_per_row_ * (plan_.outputs / columns);
  leaf_length_ = along_reduced_ ? kReduceBlock : kLeafRows;
  const int64_t length = plan_.reduced.shape[0];
  leaves_per_row_ = ceil_div(length, leaf_length_);
  leaves_ = length == 0 ? 0 : leaves_per_row_ * (plan_.count / length);
  tasks_ = items_ >= kManyItems ? 1 : std::max<int64_t>(1, ceil_div(leaves_, kLeavesPerTask));
}

int64_t ReduceRun::columns_of(int64_t item) const {
  const int64_t first = item % items_per_row_ * item_columns_;
  return std::min(item_columns_, plan_.kept.shape[0] - first);
}

// Reduces one leaf of each of the item's columns.
void ReduceRun::leaf_total(int64_t in_offset, int64_t leaf, int64_t columns, void* totals) const {
  const auto& reduced = plan_.reduced;
  const int64_t first = leaf % leaves_per_row_ * leaf_length_;
  const int64_t length = std::min(leaf_length_, reduced.shape[0] - first);
  const int64_t reduced_stride = reduced.strides[0][0], column_stride = plan_.kept.strides[0][0];
  in_offset += first * reduced_stride;
  if (reduced.ndim > 1) in_offset += nest_offset(reduced, 0, 1, leaf / leaves_per_row_);
  alignas(64) unsigned char buffer[kReduceBlock * 8];
  if (along_reduced_) {
    for (int64_t j = 0; j < columns; ++j) {
      const void* row = in_.load(in_offset + j * column_stride, reduced_stride, length, buffer);
      kernel_.row(static_cast<unsigned char*>(totals) + j * size_, columns, row, length);
    }
    return;
  }
  if (in_.is_direct(column_stride)) {
    return kernel_.column(totals, in_.at(in_offset), reduced_stride, length, columns, 0);
  }
  for (int64_t i = 0; i < length; ++i) {
    const void* row = in_.load(in_offset + i * reduced_stride, column_stride, columns, buffer);
    kernel_.column(totals, row, 0, 1, columns, i);
  }
}

// Combines the leaves of a task pairwise, without recursion: level l holds the total of 2^l leaves,
// so that the levels in use are the bits of the number of leaves so far.
void ReduceRun::run_task(int64_t item, int64_t task, void* totals) const {
  const int64_t columns = columns_of(item);
  const int64_t column_offset = item % items_per_row_ * item_columns_ * plan_.kept.strides[0][0];
  const int64_t in_offset = column_offset + nest_offset(plan_.kept, 0, 1, item / items_per_row_);
  const int64_t begin = first_leaf(task), end = first_leaf(task + 1);
  if (begin == end) return kernel_.empty(totals, columns);
  leaf_total(in_offset, begin, columns, totals);
  if (end == begin + 1) return;
  const int64_t bytes = kernel_.planes * columns * size_;
  alignas(64) unsigned char on_stack[kLevelsBytes];
  std::unique_ptr<unsigned char[]> on_heap;
  unsigned char* memory = on_stack;
  if (std::bit_width(static_cast<uint64_t>(end - begin)) * bytes > kLevelsBytes) [[unlikely]] {
    on_heap.reset(new unsigned char[64 * bytes]);
    memory = on_heap.get();
  }
  const auto total_of = [&](int level) { return memory + level * bytes; };
  std::memcpy(total_of(0), totals, bytes);
  for (int64_t done = 1; done < end - begin; ++done) {
    leaf_total(in_offset, begin + done, columns, totals);
    int level = 0;
    for (; done >> level & 1; ++level) {
      const int64_t after = begin + done + 1, half = int64_t{1} << level;
      merge(total_of(level), totals, columns, after - 2 * half, after - half, after);
      std::memcpy(totals, total_of(level), bytes);
    }
    std::memcpy(total_of(level), totals, bytes);
  }
  const int64_t count = end - begin;
  int level = std::countr_zero(static_cast<uint64_t>(count));
  std::memcpy(totals, total_of(level), bytes);
  int64_t first = end - (int64_t{1} << level);
  for (++level; count >> level != 0; ++level) {
    if (!(count >> level & 1)) continue;
    const int64_t middle = first;
    first -= int64_t{1} << level;
    merge(total_of(level), totals, columns, first, middle, end);
    std::memcpy(totals, total_of(level), bytes);
  }
}

void ReduceRun::store(int64_t item, void* totals) const {
  const int64_t columns = columns_of(item);
  if (kernel_.finish) kernel_.finish(totals, columns, plan_.count, call_.correction);
  store_plane(item, totals, 1, call_.out);
  if (!call_.second.data) return;
  store_plane(item, static_cast<unsigned char*>(totals) + columns * size_, 2, call_.second);
}

// `operand`: which of the plan's kept strides are those of `to`.
void ReduceRun::store_plane(int64_t item, const void* plane, int operand, const Operand& to) const {
  const int64_t columns = columns_of(item);
  alignas(64) unsigned char converted[kPlaneBytes];
  const int64_t stride = plan_.kept.strides[operand][0];
  const int64_t offset = item % items_per_row_ * item_columns_ * stride +
                         nest_offset(plan_.kept, operand, 1, item / items_per_row_);
  const int out_size = static_cast<int>(size_of(to.dtype));
  unsigned char* out = static_cast<unsigned char*>(to.data) + offset * out_size;
  const ConvertKernel convert = convert_kernel(accumulate_, to.dtype);
  if (stride == 1) return convert(out, plane, columns);
  convert(converted, plane, columns);
  const int64_t one = 1;
  strided_copy(out_size, 1, &columns, out, &stride, converted, &one);
}

void ReduceRun::run() {
  const int64_t item_elements = std::max<int64_t>(1, plan_.count * item_columns_);
  if (tasks_ == 1) {
    parallel_for(items_, std::max<int64_t>(1, kGrain / item_elements),
                 [this](int64_t begin, int64_t end) {
                   alignas(64) unsigned char totals[kTotalsBytes];
                   for (int64_t item = begin; item < end; ++item) {
                     run_task(item, 0, totals);
                     store(item, totals);
                   }
                 });
    return;
  }
  const auto partial = std::make_unique<unsigned char[]>(items_ * tasks_ * kTotalsBytes);
  const auto totals_of = [&](int64_t item, int64_t task) {
    return partial.get() + (item * tasks_ + task) * kTotalsBytes;
  };
  parallel_for(items_ * tasks_, std::max<int64_t>(1, kGrain * tasks_ / item_elements),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   run_task(i / tasks_, i % tasks_, totals_of(i / tasks_, i % tasks_));
                 }
               });
  for (int64_t item = 0; item < items_; ++item) {
    for (int64_t step = 1; step < tasks_; step *= 2) {
      for (int64_t task = 0; task + step < tasks_; task += 2 * step) {
        merge(totals_of(item, task), totals_of(item, task + step), columns_of(item),
              first_leaf(task), first_leaf(task + step), first_leaf(task + 2 * step));
      }
    }
    store(item, totals_of(item, 0));
  }
}

}  // namespace

void reduce(const ReduceCall& call) {
  switch (call.op) {
    case ReduceOp::kArgMax:
    case ReduceOp::kArgMin:
    case ReduceOp::kMaxIndex:
    case ReduceOp::kMinIndex:
      return arg_reduce(call);
    default:
      break;
  }
  for (int i = 0; i < call.ndim; ++i) {
    if (call.shape[i] == 0 && !(call.reduced >> i & 1)) return;  // no outputs
  }
  ReduceRun(call).run();
}

namespace {
const CpuKernel<reduce> add_reduce;
}  // namespace

}  // namespace libtensor::cpu
