// index_select and index_add: an index for each slice along one dim.
#include <algorithm>

#include "core/calls/index.h"
#include "core/checked_index.h"
#include "core/dims.h"
#include "core/generated/functors/arithmetic.h"
#include "core/scalar_math.h"
#include "cpu/cpu_kernel.h"
#include "cpu/kernel_tables.h"
#include "cpu/pointwise.h"
#include "cpu/strided_copy.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kGrain = 32768;

int64_t index_count(const IndexOperands& call) { return call.ndim > 0 ? call.shape[call.dim] : 1; }

int64_t index_at(const IndexOperands& call, int64_t i) {
  const int64_t at = i * call.index_stride;
  if (call.index.dtype == DType::kInt32)
    return read_index(static_cast<const int32_t*>(call.index.data) + at);
  return read_index(static_cast<const int64_t*>(call.index.data) + at);
}
int64_t checked_index_at(const IndexOperands& call, int64_t i) {
  const int64_t index = index_at(call, i);
  return is_within(index, call.dim_size) ? index : 0;
}

template <class F>
void check_indices(const IndexOperands& call, F refuse) {
  for (int64_t i = 0; i < index_count(call); ++i) {
    const int64_t index = index_at(call, i);
    if (!is_within(index, call.dim_size)) refuse(index);
  }
}

// The dims of one slice, innermost first, with the strides of self and other.
struct Slice {
  int ndim = 0;
  int64_t numel = 1;
  int64_t shape[kMaxDims], self[kMaxDims], other[kMaxDims];
  int64_t self_step = 0, other_step = 0;  // from one index to the next

  explicit Slice(const IndexOperands& call) {
    for (int i = call.ndim - 1; i >= 0; --i) {
      if (i == call.dim) continue;
      shape[ndim] = call.shape[i];
      self[ndim] = call.self.strides[i];
      other[ndim] = call.other.strides[i];
      numel *= call.shape[i];
      ++ndim;
    }
    if (call.ndim > 0) {
      self_step = call.self.strides[call.dim];
      other_step = call.other.strides[call.dim];
    }
  }
};

// A slice's elements lie close together, or else the dims outside the indexed one do: then those
// are walked outside.
template <class F>
void for_each_run(const IndexOperands& call, F body) {
  const Slice slice(call);
  const int64_t count = index_count(call);
  if (slice.numel == 0 || count == 0) return;
  // Dims inside the indexed one make a run; those outside are walked one by one.
  const int inner = call.ndim > 0 ? call.ndim - 1 - call.dim : 0;
  int64_t run = 1;
  for (int i = 0; i < inner; ++i) run *= slice.shape[i];
  const int64_t outer = slice.numel / run;
  parallel_for(outer * count, std::max<int64_t>(1, kGrain / run), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t self = checked_index_at(call, i % count) * slice.self_step,
              other = i % count * slice.other_step;
      int64_t rest = i / count;
      for (int d = inner; d < slice.ndim; ++d) {
        self += rest % slice.shape[d] * slice.self[d];
        other += rest % slice.shape[d] * slice.other[d];
        rest /= slice.shape[d];
      }
      body(slice, inner, run, self, other);
    }
  });
}

void index_select(const IndexSelectCall& call) {
  check_indices(call, [](int64_t) { fail(Status::kIndexError, "index out of range in self"); });
  const int size = static_cast<int>(size_of(call.self.dtype));
  const char* const self = static_cast<const char*>(call.self.data);
  char* const out = static_cast<char*>(call.other.data);
  for_each_run(
      call, [&](const Slice& slice, int inner, int64_t, int64_t self_offset, int64_t other_offset) {
        strided_copy(size, inner, slice.shape, out + other_offset * size, slice.other,
                     self + self_offset * size, slice.self);
      });
}

// Index by index, so that what meets in one place is added in one order.
void index_add(const IndexAddCall& call) {
  check_indices(call, [&](int64_t index) {
    if (call.ndim <= 1) fail(Status::kIndexError, "index out of range in self");
    fail(Status::kInvalidArgument, "index ", index, " is out of bounds for dimension ", call.dim,
         " with size ", call.dim_size);
  });
  if (call.ndim <= 1) {
    const int64_t step = call.ndim > 0 ? call.self.strides[0] : 0;
    const int64_t other_step = call.ndim > 0 ? call.other.strides[0] : 0;
    return dispatch(call.self.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* const self = static_cast<T*>(call.self.data);
      const T* const source = static_cast<const T*>(call.other.data);
      for (int64_t i = 0; i < index_count(call); ++i) {
        T& target = self[checked_index_at(call, i) * step];
        if constexpr (std::is_arithmetic_v<T>)
          target = Add(target, source[i * other_step]);
        else
          target = T(static_cast<float>(target) + static_cast<float>(source[i * other_step]));
      }
    });
  }
  // Each slice is one pointwise addition, which uses the threads where a slice is large.
  Dims shape, self_strides, other_strides;
  int64_t numel = 1;
  for (int i = 0; i < call.ndim; ++i) {
    if (i == call.dim) continue;
    shape.push_back(call.shape[i]);
    self_strides.push_back(call.self.strides[i]);
    other_strides.push_back(call.other.strides[i]);
    numel *= call.shape[i];
  }
  PointwiseCall add;
  add.op = functor::kAdd;
  add.compute = compute_dtype(call.self.dtype);
  add.ndim = shape.size();
  add.shape = shape.data();
  add.numel = numel;
  add.input_count = 2;
  const int64_t size = static_cast<int64_t>(size_of(call.self.dtype));
  for (int64_t i = 0; i < index_count(call); ++i) {
    char* const target = static_cast<char*>(call.self.data) +
                         checked_index_at(call, i) * call.self.strides[call.dim] * size;
    char* const source =
        static_cast<char*>(call.other.data) + i * call.other.strides[call.dim] * size;
    add.out = add.in[0] = {target, call.self.dtype, self_strides.data()};
    add.in[1] = {source, call.other.dtype, other_strides.data()};
    pointwise(add);
  }
}

const CpuKernel<index_select> add_index_select;
const CpuKernel<index_add> add_index_add;

}  // namespace
}  // namespace libtensor::cpu
