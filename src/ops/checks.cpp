#include "ops/checks.h"

#include "autograd/history.h"
#include "core/generated/functors/compare.h"

#include <cmath>
#include <limits>

#include "core/device_runtime.h"
#include "core/warning.h"
#include "ops/assign.h"
#include "ops/generated/compute/copies.h"
#include "ops/generated/compute/reductions.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace {

// The C++ type, as PyTorch's messages about conversions write it.
const char* c_type_of(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "bool";
    case DType::kUInt8:
      return "uint8_t";
    case DType::kInt8:
      return "int8_t";
    case DType::kInt16:
      return "int16_t";
    case DType::kInt32:
      return "int";
    case DType::kInt64:
      return "int64_t";
    case DType::kFloat16:
      return "c10::Half";
    case DType::kBFloat16:
      return "c10::BFloat16";
    case DType::kFloat32:
      return "float";
    default:
      return "double";
  }
}

}  // namespace

void check_sub(DType self, DType other) {
  check_as(Status::kNotImplemented, self != DType::kBool || other != DType::kBool,
           "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
           "`logical_xor()` operator "
           "instead.");
  check_as(
      Status::kNotImplemented, self != DType::kBool && other != DType::kBool,
      "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
      "invert a mask, use the "
      "`~` or `logical_not()` operator instead.");
}

void check_neg(DType self) {
  check_as(Status::kNotImplemented, self != DType::kBool,
           "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
           "invert a mask, use the `~` "
           "or `logical_not()` operator instead.");
}

namespace {

DType common_dtype(std::initializer_list<Input> inputs) {
  return result_type({inputs.begin(), inputs.size()});
}

}  // namespace

void check_abs(DType self) { check_not_bool(self, "abs_cpu"); }

void check_relu(DType self) {
  check_as(Status::kNotImplemented, self != DType::kBool, "Boolean inputs not supported for relu");
}

void check_not_bool(DType dtype, const char* kernel) {
  check_as(Status::kNotImplemented, dtype != DType::kBool, "\"", kernel,
           "\" not implemented for 'Bool'");
}

void check_scan(const char* name, const Tensor& self, DType dtype) {
  check_as(Status::kNotImplemented, dtype != DType::kBool || self.ndim() == 0 || self.numel() == 0,
           "\"", name, "_out_cpu\" not implemented for 'Bool'");
}

void check_recorded_dtype(const Tensor& self, std::optional<DType> dtype) {
  check(!dtype || is_floating(*dtype) || !autograd::records(std::span(&self, 1)),
        "Autograd not support dtype: ", scalar_name_of(dtype.value_or(self.dtype())));
}

void check_floating(DType dtype, const char* kernel) {
  check_as(Status::kNotImplemented, is_floating(dtype), "\"", kernel, "\" not implemented for '",
           scalar_name_of(dtype), "'");
}

void check_lerp(const Tensor& self, const Tensor& end, const Input& weight) {
  const auto check_same = [&](const Tensor& other, const char* name) {
    check(other.dtype() == self.dtype(), "expected dtype ", c_name_of(self.dtype()), " for `", name,
          "` but got dtype ", c_name_of(other.dtype()));
  };
  check_same(end, "end");
  if (weight.tensor() && weight.tensor()->ndim() > 0) check_same(*weight.tensor(), "weight");
  check_floating(self.dtype(), weight.tensor() ? "lerp_kernel_tensor" : "lerp_kernel_scalar");
}

void check_pow(const Tensor& self, Scalar exponent) {
  if (!is_floating(self.dtype()) && !exponent.is_floating()) {
    check_fits(exponent, DType::kInt64);
  }
  const DType common = common_dtype({self, exponent});
  if (!is_floating(common)) {
    check(exponent.to<int64_t>() >= 0, "Integers to negative integer powers are not allowed.");
  }
  if (!is_floating(common) || is_half(common)) check_fits(exponent, common);
}

void check_alpha(const Tensor& self, const Tensor& other, Scalar alpha) {
  const DType common = common_dtype({self, other});
  check(alpha.dtype() != DType::kBool || common == DType::kBool,
        "Boolean alpha only supported for Boolean results.");
  check(is_floating(common) || !alpha.is_floating(),
        "For integral input tensors, argument alpha must not be a floating point number.");
  check_fits(alpha, common);
}

void check_sub_alpha(const Tensor& self, const Tensor& other, Scalar alpha) {
  check_sub(self.dtype(), other.dtype());
  check_alpha(self, other, alpha);
}

void check_condition(const Tensor& condition) {
  check(condition.dtype() == DType::kBool || condition.dtype() == DType::kUInt8,
        "where expected condition to be a boolean tensor, but got a tensor with dtype ",
        scalar_name_of(condition.dtype()));
  if (condition.dtype() == DType::kUInt8) {
    warn(
        "where received a uint8 condition tensor. This behavior is deprecated and will be removed "
        "in a future version of PyTorch. Use a boolean condition instead.");
  }
}

void check_chosen(const Input& self, const Input& other) {
  const DType common = common_dtype({self, other});
  if (is_half(common)) return;
  for (const Input* input : {&self, &other}) {
    if (!input->tensor()) check_fits(input->scalar(), common);
  }
}

void check_integral(DType dtype, const char* kernel) {
  check_as(Status::kNotImplemented, !is_floating(dtype), "\"", kernel, "\" not implemented for '",
           scalar_name_of(dtype), "'");
}

namespace {

void check_not_zero(const Tensor& divisor, DType common) {
  // CUDA's kernels report a 0 when they meet one.
  if (!divisor.device().is_cpu() && !checks_at_once()) return;
  // What is not 0 may become 0 in the common dtype.
  const Tensor converted =
      divisor.dtype() == common ? divisor : compute::to_copy(divisor, common, divisor.device());
  const Tensor is_zero =
      compute::any(pointwise::run(functor::kEq, Rule::kCompare, {converted, Scalar(0)}));
  const Tensor on_cpu = compute::to_copy(is_zero, DType::kBool, Device{});
  check(!*on_cpu.data_as<bool>(), "ZeroDivisionError");
}

void check_not_zero(Scalar divisor, DType common) {
  const bool is_zero = dispatch(common, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) return static_cast<T>(divisor.to<int64_t>()) == T(0);
    return false;
  });
  check(!is_zero, "ZeroDivisionError");
}

bool is_empty(const Input& input) { return input.tensor() && input.tensor()->numel() == 0; }

}  // namespace

void check_divisor(const Input& self, const Input& other, const char* kernel) {
  const DType common = common_dtype({self, other});
  check_not_bool(common, kernel);
  if (is_floating(common) || is_empty(self) || is_empty(other)) return;
  other.tensor() ? check_not_zero(*other.tensor(), common) : check_not_zero(other.scalar(), common);
}

void check_bitwise(const Input& self, const Input& other, const char* kernel) {
  check_integral(common_dtype({self, other}), kernel);
}

void check_zeros_sizes(Span shape) {
  for (int64_t size : shape) check(size >= 0, "zeros: Dimension size must be non-negative.");
}

void check_fill(Scalar value, const Tensor& tensor) {
  // A single element on the CPU has a path of its own in PyTorch, which rounds to infinity.
  if (tensor.numel() == 1 && tensor.device().is_cpu() && is_half(tensor.dtype())) return;
  check_fits(value, tensor.dtype());
}

void check_fits(Scalar value, DType dtype) {
  if (dtype == DType::kBool) return;
  const bool fits = dispatch(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, int64_t>) {
      if (!value.is_floating()) return !value.exceeds_int64();
      return value.to<double>() >= -0x1p63 && value.to<double>() < 0x1p63;
    } else if constexpr (std::is_integral_v<T>) {
      const double number = value.to<double>();
      // An unsigned type takes the negative integers whose magnitude it holds, as C's conversion
      // does.
      const bool wraps = std::is_unsigned_v<T> && !value.is_floating();
      const double least = wraps ? -static_cast<double>(std::numeric_limits<T>::max())
                                 : static_cast<double>(std::numeric_limits<T>::min());
      return number >= least && number <= static_cast<double>(std::numeric_limits<T>::max());
    } else {
      const double number = value.to<double>();
      const double limit = std::is_same_v<T, Half>       ? 65504.0
                           : std::is_same_v<T, BFloat16> ? 0x1.fep127
                           : std::is_same_v<T, float>    ? 0x1.fffffep127
                                                         : std::numeric_limits<double>::max();
      return !std::isfinite(number) || std::fabs(number) <= limit;
    }
  });
  check(fits, "value cannot be converted to type ", c_type_of(dtype), " without overflow");
}

void check_mse(const Tensor& self, const Tensor& target) {
  const DType common = common_dtype({self, target});
  check_floating(common, "mse_cpu");
  if (!(self.shape() == target.shape())) {
    warn("Using a target size (torch.Size(", target.shape(),
         ")) that is different to the input size (torch.Size(", self.shape(),
         ")). This will likely lead to incorrect results due to broadcasting. Please ensure they "
         "have the same size.");
  }
}

const char* c_name_of(DType dtype) {
  switch (dtype) {
    case DType::kUInt8:
      return "unsigned char";
    case DType::kInt8:
      return "signed char";
    case DType::kInt16:
      return "short int";
    case DType::kInt64:
      return "long int";
    default:
      return c_type_of(dtype);
  }
}

void check_out_dtype(DType result, const Tensor& out) {
  check(out.dtype() == result, "Expected out tensor to have dtype ", c_name_of(result),
        ", but got ", c_name_of(out.dtype()), " instead");
}

void check_out_given(std::optional<DType> dtype, const Tensor& out) {
  if (dtype) check_out_dtype(*dtype, out);
}

void check_inplace_dtype(std::optional<DType> dtype, const Tensor& self) {
  if (!dtype) return;
  check(*dtype == self.dtype(), "Bad in-place call: input tensor dtype ", c_name_of(self.dtype()),
        " and output tensor dtype ", c_name_of(*dtype), " should match");
}

void check_out_truth(const char* name, const Tensor& out) {
  check(out.dtype() == DType::kBool || out.dtype() == DType::kUInt8, name,
        " only supports bool tensor for result, got: ", scalar_name_of(out.dtype()));
}

Tensor truth_input(const Tensor& self, const Tensor& out) {
  return out.dtype() == DType::kUInt8 ? compute::to_copy(self, DType::kUInt8, self.device()) : self;
}

void check_addmm_inplace(const Tensor& self, const Tensor& mat1, const Tensor& mat2) {
  if (mat1.ndim() != 2 || mat2.ndim() != 2) return;  // refused in other words
  const Dims shape{mat1.shape()[0], mat2.shape()[1]};
  check(self.shape() == shape || mat1.shape()[1] != mat2.shape()[0],
        "Bad in-place call: input tensor size ", self.shape(), " and output tensor size ", shape,
        " should match");
}

void check_out_found(DType result, const Tensor& out) {
  check(out.dtype() == result, "Found dtype ", scalar_name_of(out.dtype()), " but expected ",
        scalar_name_of(result));
}

void check_out_match(DType result, const Tensor& out) {
  check(out.dtype() == result, "Expected the dtype for input and out to match, but got ",
        scalar_name_of(result), " for input's dtype and ", scalar_name_of(out.dtype()),
        " for out's dtype.");
}

void check_out_dot(DType result, const Tensor& out) {
  check(out.dtype() == result, "result dtype ", scalar_name_of(out.dtype()),
        " does not match input dtype ", scalar_name_of(result));
}

void check_out_index_select(DType result, const Tensor& out) {
  check(out.dtype() == result, "index_select(): self and result must have the same scalar type");
  check_no_internal_overlap(out);
}

void check_out_extreme(DType values_dtype, const Tensor& values, const Tensor& indices) {
  check_out_dtype(values_dtype, values);
  check_out_dtype(DType::kInt64, indices);
}

void check_out_where(const Tensor& self, const Tensor& other, const Tensor& out) {
  const DType common = common_dtype({self, other});
  check(out.dtype() == common, "Expected out type to be ", scalar_name_of(common), " but got ",
        scalar_name_of(out.dtype()));
}

void check_out_matmul(const Tensor& self, const Tensor& other, const Tensor& out) {
  if (self.ndim() == 1 && other.ndim() == 1) return check_out_dot(self.dtype(), out);
  if (other.ndim() == 1 && self.ndim() == 2) {
    check(out.dtype() == self.dtype(), "addmv input tensors must have the same dtype, but got ",
          scalar_name_of(out.dtype()), ", ", scalar_name_of(self.dtype()), ", and ",
          scalar_name_of(other.dtype()));
  }
  check_out_dtype(self.dtype(), out);
}

void check_out_cat(std::span<const Tensor> tensors, const Tensor& out) {
  const std::vector<Input> inputs(tensors.begin(), tensors.end());
  check_as(Status::kTypeError, inputs.empty() || can_cast(result_type(inputs), out.dtype()),
           "torch.cat(): input types can't be cast to the desired output type ",
           scalar_name_of(out.dtype()));
}

void check_as_strided(const Tensor& self, Span size, Span stride, int64_t storage_offset) {
  check(size.size() == stride.size(), "mismatch in length of strides and shape");
  check(storage_offset >= 0, "Tensor: invalid storage offset ", storage_offset);
  checked_numel(size, size_of(self.dtype()));
  for (int64_t step : stride) {
    check(step >= 0, "as_strided: Negative strides are not supported at the moment, got strides: ",
          Dims(stride));
  }
  check_within(size, stride, storage_offset, size_of(self.dtype()), self.storage().bytes());
}

void check_same_device(Device a, Device b) {
  check(a == b, "Expected all tensors to be on the same device, but found at least two devices, ",
        a, " and ", b, "!");
}

}  // namespace libtensor::ops
