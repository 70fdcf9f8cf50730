// What operations refuse, in PyTorch's words. Named in the `check` field of the table.
#pragma once

#include "ops/types.h"

namespace libtensor::ops {

void check_sub(DType self, DType other);
void check_neg(DType self);
void check_abs(DType self);
void check_relu(DType self);
// "pow" not implemented for 'Bool'
void check_not_bool(DType dtype, const char* kernel);
void check_pow_bool(DType self, DType exponent);
void check_pow(DType self, Scalar exponent);
void check_alpha(const Tensor& self, const Tensor& other, Scalar alpha);
void check_sub_alpha(const Tensor& self, const Tensor& other, Scalar alpha);
void check_condition(const Tensor& condition);
void check_as_strided(const Tensor& self, Span size, Span stride, int64_t storage_offset);
// "Expected all tensors to be on the same device ..."
void check_same_device(const Tensor& a, const Tensor& b);

}  // namespace libtensor::ops
