#include "ops/checks.h"

#include "ops/promotion.h"

namespace libtensor::ops {

void check_sub(DType self, DType other) {
  check_as(Status::kNotImplemented, self != DType::kBool || other != DType::kBool,
        "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
        "`logical_xor()` operator "
        "instead.");
  check_as(Status::kNotImplemented, self != DType::kBool && other != DType::kBool,
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

void check_abs(DType self) { check_not_bool(self, "abs_cpu"); }

void check_relu(DType self) {
  check_as(Status::kNotImplemented, self != DType::kBool, "Boolean inputs not supported for relu");
}

void check_not_bool(DType dtype, const char* kernel) {
  check_as(Status::kNotImplemented, dtype != DType::kBool, "\"", kernel, "\" not implemented for 'Bool'");
}

void check_pow_bool(DType self, DType exponent) {
  if (exponent == DType::kBool) check_not_bool(self, "pow");
}

void check_pow(DType self, Scalar exponent) {
  check(is_floating(self) || exponent.is_floating() || exponent.to<int64_t>() >= 0,
        "Integers to negative integer powers are not allowed.");
}

void check_alpha(const Tensor& self, const Tensor& other, Scalar alpha) {
  const Input inputs[] = {self, other};
  const DType common = result_type(inputs);
  check(alpha.dtype() != DType::kBool || common == DType::kBool,
        "Boolean alpha only supported for Boolean results.");
  check(is_floating(common) || !alpha.is_floating(),
        "For integral input tensors, argument alpha must not be a floating point number.");
}

void check_sub_alpha(const Tensor& self, const Tensor& other, Scalar alpha) {
  check_sub(self.dtype(), other.dtype());
  check_alpha(self, other, alpha);
}

void check_condition(const Tensor& condition) {
  check(condition.dtype() == DType::kBool || condition.dtype() == DType::kUInt8,
        "where expected condition to be a boolean tensor, but got a tensor with dtype ",
        scalar_name_of(condition.dtype()));
}

void check_as_strided(const Tensor& self, Span size, Span stride, int64_t storage_offset) {
  check(size.size() == stride.size(), "mismatch in length of strides and shape");
  check(storage_offset >= 0, "Tensor: invalid storage offset ", storage_offset);
  checked_numel(size, size_of(self.dtype()));
  int64_t last = storage_offset;
  bool overflow = false;
  for (size_t i = 0; i < size.size(); ++i) {
    check(stride[i] >= 0,
          "as_strided: Negative strides are not supported at the moment, got strides: ",
          Dims(stride));
    int64_t step = 0;
    overflow |= __builtin_mul_overflow(std::max<int64_t>(size[i] - 1, 0), stride[i], &step);
    overflow |= __builtin_add_overflow(last, step, &last);
  }
  const int64_t held = static_cast<int64_t>(self.storage().bytes() / size_of(self.dtype()));
  check(numel_of(size) == 0 || (!overflow && last < held), "setStorage: sizes ", Dims(size),
        ", strides ", Dims(stride), ", storage offset ", storage_offset, ", and itemsize ",
        size_of(self.dtype()), " requiring a storage size of ",
        (last + 1) * static_cast<int64_t>(size_of(self.dtype())),
        " are out of bounds for storage of size ", self.storage().bytes());
}

void check_same_device(const Tensor& a, const Tensor& b) {
  check(a.device() == b.device(),
        "Expected all tensors to be on the same device, but found at least two devices, ",
        a.device().name(), " and ", b.device().name(), "!");
}

}  // namespace libtensor::ops
