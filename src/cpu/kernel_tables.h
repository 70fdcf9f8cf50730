// Kernels for the best instruction set that the machine has: tables that each file of kernels fills
// for itself. Those of many users are here, the others in the headers of their families.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/pointwise_op.h"
#include "core/scalar.h"

namespace libtensor::cpu {

// out[i] = op(in[0][i], in[1][i], ..., parameters) over contiguous elements; out may be one of the
// inputs.
using PointwiseKernel = void (*)(void* out, const void* const* in, int64_t n,
                                 const Scalar* parameters);
struct PointwiseEntry {
  PointwiseKernel kernels[kDTypeCount];  // by compute dtype
  const char* name;
  bool returns_bool;  // else the compute dtype
};
// to[i] = from[i], converted; for elements of one size, to may be from.
using ConvertKernel = void (*)(void* to, const void* from, int64_t n);

// Copies whole cache lines past the caches, to the start of one; hwy::FlushStream ends such copies.
using StreamKernel = void (*)(void* to, const void* from, int64_t bytes);

struct KernelTables {
  FunctorTable<PointwiseEntry> pointwise;
  ConvertKernel convert[kDTypeCount][kDTypeCount];  // [from][to]
  StreamKernel stream;
  int64_t target;  // the Highway target they are compiled for
};

extern KernelTables kernels;
using FillTables = void (*)(KernelTables& tables);

// A file of kernels that are compiled once per instruction set. `fill` writes the file's own table
// for the target that Highway has chosen: when the library is loaded, and whenever another one is
// chosen.
class KernelFile {
 public:
  explicit KernelFile(void (*fill)()) noexcept;

 private:
  friend void choose_kernels(int64_t allowed);
  void (*fill_)();
  KernelFile* next_;
};

// Throws where the operation makes no sense for the dtype and its caller did not say so in better
// words.
inline PointwiseKernel pointwise_kernel(PointwiseOp op, DType compute) {
  const PointwiseEntry& entry = kernels.pointwise[op];
  const PointwiseKernel kernel = entry.kernels[static_cast<int>(compute)];
  check_as(Status::kNotImplemented, kernel != nullptr, "\"", entry.name, "\" not implemented for '",
           scalar_name_of(compute), "'");
  return kernel;
}
inline ConvertKernel convert_kernel(DType from, DType to) {
  return kernels.convert[static_cast<int>(from)][static_cast<int>(to)];
}

// Fills all tables for the best target among `allowed` (a mask of Highway targets; 0: all). Not
// thread-safe: for tests.
void choose_kernels(int64_t allowed = 0);

}  // namespace libtensor::cpu
