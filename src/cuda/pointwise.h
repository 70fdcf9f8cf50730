// Pointwise calls: the plans that the host makes, and the tables of kernels that carry them out.
#pragma once

#include "core/calls/pointwise.h"
#include "cuda/context.h"
#include "cuda/index_math.h"

namespace libtensor::cuda {

inline constexpr int kMaxInputs = PointwiseCall::kMaxInputs;

// An input: a tensor, or one number, given in the compute dtype.
struct PointwiseInput {
  const void* data = nullptr;  // nullptr: the number
  DType dtype = DType::kUndefined;
  alignas(8) unsigned char number[8] = {};
};

// All tensors contiguous, of one dtype (out: of the result's), and aligned to 16 bytes.
struct FlatPlan {
  const char* operation;
  uint32_t numel;
  void* out;
  PointwiseInput in[kMaxInputs];
  const Scalar* parameters;
};

// Anything else. Dtypes are looked up for each element.
struct StridedPlan {
  const char* operation;
  uint32_t numel;
  void* out;
  DType out_dtype;
  PointwiseInput in[kMaxInputs];
  LoopNest<1 + kMaxInputs> nest;
  const Scalar* parameters;
};

using FlatLauncher = void (*)(const Context&, const FlatPlan&);
using StridedLauncher = void (*)(const Context&, const StridedPlan&);

// A functor's kernels.
struct PointwiseEntry {
  FlatLauncher flat[kDTypeCount];        // by the tensors' dtype
  StridedLauncher strided[kDTypeCount];  // by the compute dtype
  const char* name;
  bool returns_bool;
};
using PointwiseTable = FunctorTable<PointwiseEntry>;

void pointwise(const Context& context, const PointwiseCall& call);

}  // namespace libtensor::cuda
