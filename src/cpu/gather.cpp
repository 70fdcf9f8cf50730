// gather and scatter: an index for each element.
#include <algorithm>

#include "core/calls/gather.h"
#include "core/checked_index.h"
#include "core/loop_nest.h"
#include "core/steps.h"
#include "cpu/cpu_kernel.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kGrain = 16384;

// Operands of the nest: self without the indexed dim (stride 0 there), index, other.
using Nest = LoopNest<3>;

class IndexedLoop {
 public:
  IndexedLoop(const GatherOperands& call, bool keep_lines_apart) : call_(call) {
    nest_.operands = 3;
    if (keep_lines_apart && call.ndim > 0) push(call.dim);
    for (int i = call.ndim - 1; i >= 0; --i) {
      if (!(keep_lines_apart && i == call.dim)) push(i);
    }
    if (nest_.ndim == 0) {
      for (auto& strides : nest_.strides) strides[0] = 0;
      nest_.push(1);
    }
    if (!keep_lines_apart) nest_.collapse();
    for (int i = 1; i < nest_.ndim; ++i) rows_ *= nest_.shape[i];
    self_stride_ = call.ndim > 0 ? call.self.strides[call.dim] : 0;
  }

  int64_t numel() const { return rows_ * nest_.shape[0]; }

  // Calls body(self_offset, index_offset, other_offset) for each element, without the index's share
  // of self's.
  template <class F>
  void for_each(F body) const {
    const int64_t length = nest_.shape[0];
    if (numel() == 0) return;
    parallel_for(rows_, std::max<int64_t>(1, kGrain / length), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        int64_t offsets[3] = {};
        for (int64_t i = 1, rest = row; i < nest_.ndim; rest /= nest_.shape[i], ++i) {
          for (int k = 0; k < 3; ++k) offsets[k] += rest % nest_.shape[i] * nest_.strides[k][i];
        }
        for (int64_t i = 0; i < length; ++i) {
          body(offsets[0] + i * nest_.strides[0][0], offsets[1] + i * nest_.strides[1][0],
               offsets[2] + i * nest_.strides[2][0]);
        }
      }
    });
  }

  void check_indices() const {
    const int64_t* const index = static_cast<const int64_t*>(call_.index.data);
    for_each([&](int64_t, int64_t at, int64_t) {
      const int64_t found = read_index(index + at);
      check(is_within(found, call_.dim_size), "index ", found, " is out of bounds for dimension ",
            call_.dim, " with size ", call_.dim_size);
    });
  }

  int64_t self_stride() const { return self_stride_; }

 private:
  void push(int i) {
    nest_.strides[0][nest_.ndim] = i == call_.dim ? 0 : call_.self.strides[i];
    nest_.strides[1][nest_.ndim] = call_.index.strides[i];
    nest_.strides[2][nest_.ndim] = call_.other.strides[i];
    nest_.push(call_.shape[i]);
  }

  const GatherOperands& call_;
  Nest nest_;
  int64_t rows_ = 1;
  int64_t self_stride_ = 0;
};

// Moving elements needs to know only their size.
template <class F>
void dispatch_size(size_t size, F body) {
  switch (size) {
    case 1:
      return body(uint8_t{});
    case 2:
      return body(uint16_t{});
    case 4:
      return body(uint32_t{});
    default:
      return body(uint64_t{});
  }
}

void gather(const GatherCall& call) {
  const IndexedLoop loop(call, /*keep_lines_apart=*/false);
  loop.check_indices();
  const int64_t* const index = static_cast<const int64_t*>(call.index.data);
  const int64_t stride = loop.self_stride(), size = call.dim_size;
  dispatch_size(size_of(call.self.dtype), [&](auto sample) {
    using T = decltype(sample);
    const T* const self = static_cast<const T*>(call.self.data);
    T* const out = static_cast<T*>(call.other.data);
    loop.for_each([=](int64_t self_offset, int64_t at, int64_t other) {
      out[other] = self[self_offset + read_index_within(index + at, size) * stride];
    });
  });
}

// A bool in memory may be any byte.
template <class T>
auto load(const T& element) {
  if constexpr (std::is_same_v<T, bool>)
    return reinterpret_cast<const uint8_t&>(element) != 0;
  else if constexpr (std::is_arithmetic_v<T>)
    return element;
  else
    return static_cast<float>(element);
}

template <class Step>
void scatter_with(const ScatterCall& call, const IndexedLoop& loop) {
  const int64_t* const index = static_cast<const int64_t*>(call.index.data);
  const int64_t stride = loop.self_stride(), size = call.dim_size;
  dispatch(call.self.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const self = static_cast<T*>(call.self.data);
    const T* const source = static_cast<const T*>(call.other.data);
    loop.for_each([=](int64_t self_offset, int64_t at, int64_t other) {
      T& target = self[self_offset + read_index_within(index + at, size) * stride];
      target = T(Step::combine(load(target), load(source[other])));
    });
  });
}

void scatter_assign(const ScatterCall& call, const IndexedLoop& loop) {
  const int64_t* const index = static_cast<const int64_t*>(call.index.data);
  const int64_t stride = loop.self_stride(), size = call.dim_size;
  dispatch_size(size_of(call.self.dtype), [&](auto sample) {
    using T = decltype(sample);
    T* const self = static_cast<T*>(call.self.data);
    const T* const source = static_cast<const T*>(call.other.data);
    loop.for_each([=](int64_t self_offset, int64_t at, int64_t other) {
      self[self_offset + read_index_within(index + at, size) * stride] = source[other];
    });
  });
}

// Elements that meet in self differ only along the indexed dim. That dim is the inner loop, which
// one thread runs in order: the last one assigned wins, and sums have one order, whatever the
// number of threads.
void scatter(const ScatterCall& call) {
  const IndexedLoop loop(call, /*keep_lines_apart=*/true);
  loop.check_indices();
  switch (call.mode) {
    case ScatterMode::kAssign:
      return scatter_assign(call, loop);
    case ScatterMode::kAdd:
      return scatter_with<AddStep>(call, loop);
    case ScatterMode::kMultiply:
      return scatter_with<MultiplyStep>(call, loop);
    case ScatterMode::kMax:
      return scatter_with<MaxStep>(call, loop);
    case ScatterMode::kMin:
      return scatter_with<MinStep>(call, loop);
  }
}

void check_index(const CheckIndexCall& call) {
  IndexedLoop(call, /*keep_lines_apart=*/false).check_indices();
}

const CpuKernel<check_index> add_check_index;
const CpuKernel<gather> add_gather;
const CpuKernel<scatter> add_scatter;

}  // namespace
}  // namespace libtensor::cpu
