// What the executors of reductions share: the dims split into kept and reduced ones, and access to
// the input.
#pragma once

#include <algorithm>

#include "core/calls/reduce.h"
#include "core/loop_nest.h"
#include "cpu/kernel_tables.h"
#include "cpu/strided_copy.h"

namespace libtensor::cpu {

inline constexpr int64_t kReduceBlock = 1024;   // elements loaded at once
inline constexpr int64_t kReduceColumns = 128;  // outputs reduced side by side

struct ReducePlan {
  LoopNest<3> kept;     // strides of the input and of both outputs
  LoopNest<1> reduced;  // strides of the input
  int64_t outputs = 1, count = 1;

  explicit ReducePlan(const ReduceCall& call) {
    kept.operands = 3;
    reduced.operands = 1;
    for (int i = call.ndim - 1; i >= 0; --i) {
      const int64_t size = call.shape[i];
      const bool is_reduced = call.reduced >> i & 1;
      int64_t& product = is_reduced ? count : outputs;
      product = wrapping_product(product, size);
      if (size == 1) continue;
      if (is_reduced) {
        reduced.strides[0][reduced.ndim] = call.in.strides[i];
        reduced.push(size);
      } else {
        kept.strides[0][kept.ndim] = call.in.strides[i];
        kept.strides[1][kept.ndim] = call.out.strides[i];
        kept.strides[2][kept.ndim] = call.second.strides ? call.second.strides[i] : 0;
        kept.push(size);
      }
    }
  }

  // The innermost kept dim becomes columns; the others, outer dims. At least one of each kind from
  // here on.
  void finish(bool sort_reduced) {
    kept.sort_by_stride();
    kept.collapse();
    if (sort_reduced) reduced.sort_by_stride();
    reduced.collapse();
    if (kept.ndim == 0) {
      for (auto& strides : kept.strides) strides[0] = 1;
      kept.push(1);
    }
    if (reduced.ndim == 0) {
      reduced.strides[0][0] = 1;
      reduced.push(1);
    }
  }

  // Whether to walk along the reduced dim for one output at a time, or along outputs for one
  // reduced index at a time.
  bool along_reduced() const {
    if (reduced.shape[0] < 16) return kept.shape[0] < 16;
    return reduced.strides[0][0] <= kept.strides[0][0] || kept.shape[0] < 8;
  }
};

// Offset of the `index`-th element of a nest's dims from `first` on.
template <class Nest>
int64_t nest_offset(const Nest& nest, int operand, int first, int64_t index) {
  int64_t offset = 0;
  for (int i = first; i < nest.ndim; ++i) {
    offset += (index % nest.shape[i]) * nest.strides[operand][i];
    index /= nest.shape[i];
  }
  return offset;
}

// Brings runs of the input into contiguous elements of the accumulation dtype.
class ReduceInput {
 public:
  ReduceInput(const Operand& in, DType accumulate)
      : data_(static_cast<const unsigned char*>(in.data)),
        size_(static_cast<int>(size_of(in.dtype))),
        // A bool in memory may come from anywhere: seen as uint8 it becomes 0 or 1.
        converts_(in.dtype != accumulate || in.dtype == DType::kBool),
        convert_(convert_kernel(in.dtype, in.dtype == DType::kBool && accumulate == DType::kBool
                                              ? DType::kUInt8
                                              : accumulate)) {}

  bool is_direct(int64_t stride) const { return stride == 1 && !converts_; }
  const void* at(int64_t offset) const { return data_ + offset * size_; }

  // `n` <= kReduceBlock elements from `offset` on, either where they are or in `buffer` (8 bytes
  // for each element).
  const void* load(int64_t offset, int64_t stride, int64_t n, void* buffer) const {
    const void* source = at(offset);
    if (stride != 1) {
      unsigned char raw[kReduceBlock * 8];
      const int64_t one = 1;
      void* const gathered = converts_ ? raw : buffer;
      strided_copy(size_, 1, &n, gathered, &one, source, &stride);
      if (converts_) convert_(buffer, gathered, n);
      return buffer;
    }
    if (!converts_) return source;
    convert_(buffer, source, n);
    return buffer;
  }

 private:
  const unsigned char* data_;
  int size_;
  bool converts_;
  ConvertKernel convert_;
};

}  // namespace libtensor::cpu
