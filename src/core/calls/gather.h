// Elements at positions that another tensor names, one for each.
#pragma once

#include "core/calls/operand.h"

namespace libtensor {

// `shape` is index's; `self.strides` are self's own, `dim_size` is self's size in `dim`. A bad
// index is refused before anything is written: "index {i} is out of bounds for dimension {dim} with
// size {dim_size}"; on CUDA, unless `at_once`, it is left out and reported when the host next
// waits.
struct GatherOperands {
  bool at_once = false;
  int ndim = 0;
  int dim = 0;
  const int64_t* shape = nullptr;
  int64_t dim_size = 0;
  // other: out of a gather, src of a scatter; index.dtype is int64
  Operand self{}, index{}, other{};
};

// out[i][j][k] = self[index[i][j][k]][j][k]   (for dim 0)
struct GatherCall : GatherOperands {
  static constexpr const char* kName = "gather";
};

// Refuses what a gather or scatter would, and writes nothing: for a caller who writes before that.
struct CheckIndexCall : GatherOperands {
  static constexpr const char* kName = "check_index";
};

// What a scatter does with the element that an index names.
enum class ScatterMode : uint8_t { kAssign, kAdd, kMultiply, kMax, kMin };

// self[index[i][j][k]][j][k] (=|+=|*=) src[i][j][k], or becomes the greater or less of the two, a
// NaN being both
struct ScatterCall : GatherOperands {
  static constexpr const char* kName = "scatter";

  ScatterMode mode = ScatterMode::kAssign;
};

}  // namespace libtensor
