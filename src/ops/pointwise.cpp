#include "ops/pointwise.h"
#include "core/calls/pointwise.h"
#include "core/generated/functors/copy.h"
#include "core/kernel_registry.h"

#include "ops/assign.h"
#include "ops/checks.h"
#include "ops/pointwise_layout.h"

namespace libtensor::ops::pointwise {
namespace {

struct DTypes {
  DType common;  // of the computation, as PyTorch sees it
  DType result;
};

std::span<const Input> operands_of(Inputs inputs) {
  std::span<const Input> operands(inputs.begin(), inputs.size());
  while (operands.back().is_parameter()) operands = operands.first(operands.size() - 1);
  return operands;
}

DTypes infer_dtypes(Rule rule, Inputs inputs) {
  std::span<const Input> counted(inputs.begin(), inputs.size());
  if (rule == Rule::kWhere) counted = counted.subspan(1);
  if (rule == Rule::kPromoteInputs) counted = operands_of(inputs);
  DType common = result_type(counted);
  if (rule == Rule::kPromoteFloat && !is_floating(common)) common = DType::kFloat32;
  return {common, rule == Rule::kCompare ? DType::kBool : common};
}

// The first device that is not the CPU, which may give numbers to it: inputs without dims.
Device infer_device(Inputs inputs, const Tensor* out = nullptr) {
  Device device = out ? out->device() : Device{};
  for (const Input& input : inputs) {
    if (device.is_cpu() && input.tensor()) device = input.tensor()->device();
  }
  for (const Input& input : inputs) {
    const Tensor* tensor = input.tensor();
    const bool is_number = tensor && tensor->ndim() == 0 && tensor->device().is_cpu();
    if (tensor && !is_number) check_same_device(device, tensor->device());
  }
  if (out) check_same_device(device, out->device());
  return device;
}

Dims infer_shape(Inputs inputs) {
  Dims shape;
  bool first = true;
  for (const Input& input : inputs) {
    if (!input.tensor()) continue;
    if (first || input.tensor()->shape() != shape) {
      shape = first ? input.tensor()->shape() : broadcast_shapes(shape, input.tensor()->shape());
    }
    first = false;
  }
  return shape;
}

Tensor make_result(Inputs inputs, const Dims& shape, DType dtype, Device device) {
  const Dims strides = result_strides(operands_of(inputs), shape);
  return Tensor::empty_strided(shape, strides, dtype, device);
}

// The parameters among a functor's inputs.
struct ParametersOfCall {
  Scalar numbers[PointwiseCall::kMaxParameters];

  explicit ParametersOfCall(Inputs inputs) {
    Scalar* number = numbers;
    for (const Input& input : std::span<const Input>(inputs.begin(), inputs.size())
                                  .subspan(operands_of(inputs).size())) {
      *number++ = input.scalar();
    }
  }
};

// A call with the memory that it points into.
class PreparedCall {
 public:
  PreparedCall(PointwiseOp op, DTypes dtypes, const Tensor& out, Inputs inputs)
      : parameters_(inputs) {
    call_.op = op;
    call_.compute = compute_dtype(dtypes.common);
    shape_ = out.shape();
    call_.ndim = shape_.size();
    call_.shape = shape_.data();
    call_.numel = out.numel();
    call_.out = {out.data(), out.dtype(), out.strides().data()};
    for (const Input& input : operands_of(inputs)) add(input);
    call_.parameters = parameters_.numbers;
    call_.contiguous = call_.numel == 1 && needs_no_conversion(out, dtypes.result);
  }

  void run(Device device) { run_kernel(device, call_); }

 private:
  void add(const Input& input) {
    const int i = call_.input_count++;
    if (const Tensor* tensor = input.tensor()) {
      if (tensor->device().is_cpu()) set_on_host(i);
      if (tensor->shape() == shape_) {
        call_.in[i] = {tensor->data(), tensor->dtype(), tensor->strides().data()};
        return;
      }
      const Dims strides = broadcast_strides(tensor->shape(), tensor->strides(), shape_);
      std::copy(strides.begin(), strides.end(), strides_[i]);
      call_.in[i] = {tensor->data(), tensor->dtype(), strides_[i]};
    } else {
      input.scalar().store(call_.compute, numbers_[i]);
      std::fill_n(strides_[i], call_.ndim, 0);
      call_.in[i] = {numbers_[i], call_.compute, strides_[i]};
      set_on_host(i);
    }
  }
  void set_on_host(int input) { call_.host_inputs |= static_cast<uint8_t>(1 << input); }
  bool needs_no_conversion(const Tensor& out, DType result) const {
    for (int i = 0; i < call_.input_count; ++i) {
      if (call_.in[i].dtype != call_.compute) return false;
    }
    return out.dtype() == result && compute_dtype(result) == result;
  }

  PointwiseCall call_;
  Dims shape_;
  int64_t strides_[PointwiseCall::kMaxInputs][kMaxDims];  // of what is broadcast
  alignas(16) unsigned char numbers_[PointwiseCall::kMaxInputs][16];
  ParametersOfCall parameters_;
};

void execute(PointwiseOp op, DTypes dtypes, const Tensor& out, Inputs inputs, Device device) {
  if (out.numel() == 0) return;
  PreparedCall(op, dtypes, out, inputs).run(device);
}

// Contiguous tensors of one shape and dtype, which the functor takes and gives as they are: nothing
// to broadcast, promote or convert.
bool is_plain(Rule rule, Inputs inputs) {
  if (rule == Rule::kWhere) return false;
  const Tensor* first = inputs.begin()->tensor();
  if (!first || !first->is_contiguous()) return false;
  const DType dtype = first->dtype();
  if (rule == Rule::kPromoteFloat ? dtype < DType::kFloat32 : compute_dtype(dtype) != dtype)
    return false;
  for (const Input& input : std::span<const Input>(inputs.begin(), inputs.size()).subspan(1)) {
    if (const Tensor* other = input.tensor()) {
      if (!other->is_contiguous() || other->dtype() != dtype || other->shape() != first->shape() ||
          other->device() != first->device()) {
        return false;
      }
    } else if (!input.is_parameter() ||
               (rule != Rule::kPromoteInputs && input.scalar().category() > category_of(dtype))) {
      return false;
    }
  }
  return true;
}

void execute_plain(PointwiseOp op, const Tensor& out, Inputs inputs) {
  if (out.numel() == 0) return;
  const Tensor& first = *inputs.begin()->tensor();
  PointwiseCall call;
  call.op = op;
  call.compute = first.dtype();
  call.ndim = first.ndim();
  call.shape = first.shape().data();
  call.numel = out.numel();
  call.contiguous = true;
  call.out = {out.data(), out.dtype(), out.strides().data()};
  const std::span<const Input> operands = operands_of(inputs);
  for (const Input& input : operands) {
    call.in[call.input_count++] = {input.tensor()->data(), first.dtype(),
                                   input.tensor()->strides().data()};
  }
  if (operands.size() == inputs.size()) [[likely]]
    return run_kernel(first.device(), call);
  const ParametersOfCall parameters(inputs);
  call.parameters = parameters.numbers;
  run_kernel(first.device(), call);
}

}  // namespace

Tensor run(PointwiseOp op, Rule rule, Inputs inputs) {
  if (is_plain(rule, inputs)) [[likely]] {
    const Tensor& first = *inputs.begin()->tensor();
    Tensor result =
        Tensor::empty_like_contiguous(first, rule == Rule::kCompare ? DType::kBool : first.dtype());
    execute_plain(op, result, inputs);
    return result;
  }
  const Device device = infer_device(inputs);
  const Dims shape = infer_shape(inputs);
  const DTypes dtypes = infer_dtypes(rule, inputs);
  Tensor result = make_result(inputs, shape, dtypes.result, device);
  execute(op, dtypes, result, inputs, device);
  return result;
}

namespace {

void check_overlaps(const Tensor& out, Inputs inputs) {
  check_no_internal_overlap(out);
  for (const Input& input : inputs) {
    if (input.tensor()) check_no_partial_overlap(out, *input.tensor());
  }
}

// Computes into `out`, whose dtype may be wider than the result's: a half result is rounded first.
void execute_into(PointwiseOp op, DTypes dtypes, const Tensor& out, Inputs inputs, Device device) {
  if (out.dtype() == dtypes.result || compute_dtype(dtypes.result) == dtypes.result) {
    return execute(op, dtypes, out, inputs, device);
  }
  const Tensor rounded = Tensor::empty(out.shape(), dtypes.result, device);
  execute(op, dtypes, rounded, inputs, device);
  copy(out, rounded);
}

}  // namespace

// The order of the checks is PyTorch's: memory, shapes, dtypes.
void run_inplace(PointwiseOp op, Rule rule, const Tensor& self, Inputs inputs) {
  if (is_plain(rule, inputs) && rule != Rule::kCompare && inputs.begin()->tensor()->is_same(self)) {
    for (const Input& input : operands_of(inputs)) {
      check_no_partial_overlap(self, *input.tensor());
    }
    return execute_plain(op, self, inputs);
  }
  const Device device = infer_device(inputs, &self);
  check_overlaps(self, inputs);
  const Dims shape = infer_shape(inputs);
  check(shape == self.shape(), "output with shape ", self.shape(),
        " doesn't match the broadcast shape ", shape);
  const DTypes dtypes = infer_dtypes(rule, inputs);
  check_can_cast(dtypes.result, self.dtype());
  execute_into(op, dtypes, self, inputs, device);
}

void run_out(PointwiseOp op, Rule rule, const Tensor& out, Inputs inputs) {
  const Device device = infer_device(inputs, &out);
  check_overlaps(out, inputs);
  const Dims shape = infer_shape(inputs);
  const DTypes dtypes = infer_dtypes(rule, inputs);
  check_can_cast(dtypes.result, out.dtype());
  if (shape == out.shape()) return execute_into(op, dtypes, out, inputs, device);
  // Whether there is a kernel for these dtypes shows when it runs: `out` keeps its shape until
  // then.
  const Tensor result = make_result(inputs, shape, dtypes.result, device);
  execute(op, dtypes, result, inputs, device);
  assign_out(out, result, result.strides());
}

void copy(const Tensor& destination, const Tensor& source) {
  execute(functor::kCopy, {destination.dtype(), destination.dtype()}, destination, {source},
          destination.device());
}

void fill(const Tensor& destination, Scalar value) {
  execute(functor::kCopy, {destination.dtype(), destination.dtype()}, destination, {value},
          destination.device());
}

}  // namespace libtensor::ops::pointwise
