#include "cuda/pointwise.h"

#include <kernel_limit.h>

#include <algorithm>
#include <cstring>

#include "core/generated/functors/copy.h"
#include "cuda/cuda_kernel.h"
#include "cuda/generated/functor_families.h"

namespace libtensor::cuda {
namespace {

constexpr int kMaxOperands = 1 + kMaxInputs;  // the output first
using Nest = LoopNest<kMaxOperands>;

const PointwiseEntry& entry_of(PointwiseOp op) {
  static const PointwiseTable* filled = [] {
    auto* fresh = new PointwiseTable;
    add_pointwise_kernels(*fresh);
    return fresh;
  }();
  return (*filled)[op];
}

// A dim along which nothing moves. That of an expanded output is one: only filling may write such a
// tensor, and once is enough; more would be a race.
bool stands_still(const PointwiseCall& call, int dim) {
  if (call.shape[dim] == 1) return true;
  bool still = call.out.strides[dim] == 0;
  for (int k = 0; k < call.input_count; ++k) still = still && call.in[k].strides[dim] == 0;
  return still;
}

Nest nest_of(const PointwiseCall& call) {
  Nest nest;
  nest.operands = 1 + call.input_count;
  for (int i = call.ndim - 1; i >= 0; --i) {
    if (stands_still(call, i)) continue;
    nest.strides[0][nest.ndim] = call.out.strides[i];
    for (int k = 0; k < call.input_count; ++k) {
      nest.strides[k + 1][nest.ndim] = call.in[k].strides[i];
    }
    nest.push(call.shape[i]);
  }
  nest.sort_by_stride();
  nest.collapse();
  return nest;
}

// A number that lies with the host is part of the call.
PointwiseInput input_of(const PointwiseCall& call, int index) {
  const Operand& operand = call.in[index];
  PointwiseInput input;
  if (!(call.host_inputs >> index & 1)) {
    input.data = operand.data;
    input.dtype = operand.dtype;
    return input;
  }
  dispatch(operand.dtype, [&](auto from) {
    dispatch(call.compute, [&](auto to) {
      using From = typename decltype(from)::type;
      using To = typename decltype(to)::type;
      From value;
      std::memcpy(&value, operand.data, sizeof value);
      const To number = convert<To>(value);
      std::memcpy(input.number, &number, sizeof number);
    });
  });
  return input;
}

class PointwiseRun {
 public:
  PointwiseRun(const Context& context, const PointwiseCall& call);
  void run() { run_piece(nest_, call_.out.data, in_); }

 private:
  using Inputs = PointwiseInput[kMaxInputs];

  void run_piece(const Nest& nest, void* out, const Inputs& in) const;
  void run_halves(const Nest& nest, void* out, const Inputs& in, int dim) const;
  void run_along(const Nest& nest, void* out, const Inputs& in) const;
  bool run_flat(const Nest& nest, uint32_t numel, void* out, const Inputs& in) const;
  void shift(const Nest& nest, int dim, int64_t steps, void** out, Inputs& in) const;

  const Context& context_;
  const PointwiseCall& call_;
  const PointwiseEntry& entry_;
  DType compute_, out_dtype_;
  Nest nest_;
  Inputs in_;
};

// A copy without conversion moves bits.
DType unsigned_of_size(size_t bytes) {
  return bytes == 1   ? DType::kUInt8
         : bytes == 2 ? DType::kInt16
         : bytes == 4 ? DType::kInt32
                      : DType::kInt64;
}

PointwiseRun::PointwiseRun(const Context& context, const PointwiseCall& call)
    : context_(context),
      call_(call),
      entry_(entry_of(call.op)),
      compute_(call.compute),
      out_dtype_(call.out.dtype),
      nest_(nest_of(call)) {
  for (int k = 0; k < call.input_count; ++k) in_[k] = input_of(call, k);
  if (call.op == functor::kCopy && in_[0].data && in_[0].dtype == out_dtype_) {
    compute_ = out_dtype_ = in_[0].dtype = unsigned_of_size(size_of(out_dtype_));
  }
}

void PointwiseRun::shift(const Nest& nest, int dim, int64_t steps, void** out, Inputs& in) const {
  const auto moved = [&](const void* data, DType dtype, int operand) {
    const int64_t bytes = steps * nest.strides[operand][dim] * static_cast<int64_t>(size_of(dtype));
    return const_cast<char*>(static_cast<const char*>(data)) + bytes;
  };
  *out = moved(*out, out_dtype_, 0);
  for (int k = 0; k < call_.input_count; ++k) {
    if (in[k].data) in[k].data = moved(in[k].data, in[k].dtype, k + 1);
  }
}

void PointwiseRun::run_halves(const Nest& nest, void* out, const Inputs& in, int dim) const {
  Nest half = nest;
  half.shape[dim] = nest.shape[dim] / 2;
  run_piece(half, out, in);
  Inputs rest;
  std::copy_n(in, kMaxInputs, rest);
  shift(nest, dim, half.shape[dim], &out, rest);
  half.shape[dim] = nest.shape[dim] - half.shape[dim];
  run_piece(half, out, rest);
}

// One piece for each step along the outermost dim.
void PointwiseRun::run_along(const Nest& nest, void* out, const Inputs& in) const {
  Nest inner = nest;
  const int dim = --inner.ndim;
  for (int64_t i = 0; i < nest.shape[dim]; ++i) {
    void* shifted_out = out;
    Inputs shifted;
    std::copy_n(in, kMaxInputs, shifted);
    shift(nest, dim, i, &shifted_out, shifted);
    run_piece(inner, shifted_out, shifted);
  }
}

bool PointwiseRun::run_flat(const Nest& nest, uint32_t numel, void* out, const Inputs& in) const {
  if (nest.ndim > 1) return false;
  const auto fits = [&](const void* data, int operand) {
    return (nest.ndim == 0 || nest.strides[operand][0] == 1) &&
           reinterpret_cast<uintptr_t>(data) % 16 == 0;
  };
  DType dtype = entry_.returns_bool ? compute_ : out_dtype_;
  for (int k = 0; k < call_.input_count; ++k) {
    if (in[k].data) dtype = in[k].dtype;
  }
  if (compute_dtype(dtype) != compute_ && dtype != compute_) return false;
  if (out_dtype_ != (entry_.returns_bool ? DType::kBool : dtype) || !fits(out, 0)) return false;
  for (int k = 0; k < call_.input_count; ++k) {
    if (in[k].data && (in[k].dtype != dtype || !fits(in[k].data, k + 1))) return false;
  }
  const FlatLauncher launcher = entry_.flat[static_cast<int>(dtype)];
  if (!launcher) return false;
  FlatPlan plan{entry_.name, numel, out, {}, call_.parameters};
  std::copy_n(in, kMaxInputs, plan.in);
  launcher(context_, plan);
  return true;
}

void PointwiseRun::run_piece(const Nest& nest, void* out, const Inputs& in) const {
  int64_t numel = 1;
  int longest = 0;
  for (int i = 0; i < nest.ndim; ++i) {
    numel *= nest.shape[i];
    if (nest.shape[i] > nest.shape[longest]) longest = i;
  }
  if (numel > max_kernel_elements()) return run_halves(nest, out, in, longest);
  if (nest.ndim > kMaxKernelDims) return run_along(nest, out, in);
  const auto count = static_cast<uint32_t>(numel);
  if (run_flat(nest, count, out, in)) return;
  const StridedLauncher launcher = entry_.strided[static_cast<int>(compute_)];
  check_as(Status::kNotImplemented, launcher != nullptr, "\"", entry_.name,
           "\" not implemented for '", scalar_name_of(compute_), "'");
  StridedPlan plan{entry_.name, count, out, out_dtype_, {}, nest, call_.parameters};
  std::copy_n(in, kMaxInputs, plan.in);
  launcher(context_, plan);
}

}  // namespace

void pointwise(const Context& context, const PointwiseCall& call) {
  if (call.numel > 0) PointwiseRun(context, call).run();
}

namespace {
const CudaKernel<pointwise> add_pointwise;
}  // namespace

}  // namespace libtensor::cuda
