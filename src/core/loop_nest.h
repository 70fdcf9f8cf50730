// The dims of a call, put in the order in which to walk them, with neighbours merged where they lie
// as one in memory.
#pragma once

#include <cstdint>

#include "core/checked.h"
#include "core/dims.h"

namespace libtensor {

// Dim 0 is the innermost. Only the first `ndim` entries are initialised.
template <int kMaxOperands>
struct LoopNest {
  int ndim = 0;
  int operands = 0;
  int64_t shape[kMaxDims];
  int64_t strides[kMaxOperands][kMaxDims];

  void push(int64_t size) { shape[ndim++] = size; }

  void swap_dims(int a, int b) {
    std::swap(shape[a], shape[b]);
    for (int k = 0; k < operands; ++k) std::swap(strides[k][a], strides[k][b]);
  }
  // Moves dim `from` inwards (or outwards) to `to`; those between make room.
  void move_dim(int from, int to) {
    for (; from > to; --from) swap_dims(from, from - 1);
    for (; from < to; ++from) swap_dims(from, from + 1);
  }
  // Stable: by ascending stride of the first operand, then of the next where those are equal.
  void sort_by_stride(int first = 0) {
    for (int i = 1; i < ndim; ++i) {
      for (int j = i; j > 0 && steps_less(j, j - 1, first); --j) swap_dims(j, j - 1);
    }
  }
  // Merges a dim into the next inner one where every operand steps over it as over one longer dim,
  // and mergeable(inner, outer) agrees.
  template <class F>
  void collapse(F mergeable) {
    int last = 0;
    for (int i = 1; i < ndim; ++i) {
      bool merge = mergeable(last, i);
      for (int k = 0; k < operands && merge; ++k) {
        merge = strides[k][i] == wrapping_product(shape[last], strides[k][last]);
      }
      if (merge) {
        shape[last] = wrapping_product(shape[last], shape[i]);
        continue;
      }
      ++last;
      shape[last] = shape[i];
      for (int k = 0; k < operands; ++k) strides[k][last] = strides[k][i];
    }
    if (ndim > 0) ndim = last + 1;
  }
  void collapse() {
    collapse([](int, int) { return true; });
  }

 private:
  bool steps_less(int a, int b, int first) const {
    for (int k = first; k < operands; ++k) {
      if (strides[k][a] != strides[k][b]) return strides[k][a] < strides[k][b];
    }
    return false;
  }
};

}  // namespace libtensor
