// Slices along a dim at positions that a vector names.
#pragma once

#include "core/calls/operand.h"

namespace libtensor {

// `shape` is that of `other` (out, or src); index has one element of int64 or int32 for each slice,
// with one stride. Bad indices are as in GatherOperands.
struct IndexOperands {
  bool at_once = false;
  int ndim = 0;
  int dim = 0;
  const int64_t* shape = nullptr;
  int64_t dim_size = 0;
  int64_t index_stride = 1;
  Operand self{}, index{}, other{};
};

// out[i] = self[index[i]] along `dim`
struct IndexSelectCall : IndexOperands {
  static constexpr const char* kName = "index_select";
};

// self[index[i]] += src[i] along `dim`
struct IndexAddCall : IndexOperands {
  static constexpr const char* kName = "index_add";
};

}  // namespace libtensor
