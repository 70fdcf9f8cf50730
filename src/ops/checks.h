// What operations refuse, in PyTorch's words. Named in the `check` field of the table.
#pragma once

#include "ops/promotion.h"
#include "ops/types.h"

namespace libtensor::ops {

void check_sub(DType self, DType other);
void check_neg(DType self);
void check_abs(DType self);
void check_relu(DType self);
// "pow" not implemented for 'Bool'
void check_not_bool(DType dtype, const char* kernel);
// "mse_cpu" not implemented for 'Long'
void check_floating(DType dtype, const char* kernel);
// `self` and `end` are floating and of one dtype; a weight without dims may be of another one.
void check_lerp(const Tensor& self, const Tensor& end, const Input& weight);
// "cumsum_out_cpu" not implemented for 'Bool'; where there is nothing to add, bool is as good.
void check_scan(const char* name, const Tensor& self, DType dtype);
// Indices out of bounds, for an `out` that gets self's elements before the kernel looks at them.
// What makes no sense otherwise is refused later, in its own words.
void check_positions_within(const Tensor& self, int64_t dim, const Tensor& index);
// What is recorded has a floating dtype.
void check_recorded_dtype(const Tensor& self, std::optional<DType> dtype);
void check_pow(const Tensor& self, Scalar exponent);
void check_alpha(const Tensor& self, const Tensor& other, Scalar alpha);
void check_sub_alpha(const Tensor& self, const Tensor& other, Scalar alpha);
void check_condition(const Tensor& condition);
// An integer 0 among the divisors of integers.
void check_divisor(const Input& self, const Input& other, const char* kernel);
void check_bitwise(const Input& self, const Input& other, const char* kernel);
// "bitwise_not_cpu" not implemented for 'Float'
void check_integral(DType dtype, const char* kernel);
// The numbers that `where` chooses from.
void check_chosen(const Input& self, const Input& other);
void check_zeros_sizes(Span shape);
// "value cannot be converted to type int8_t without overflow"
void check_fits(Scalar value, DType dtype);
// The same for a number that all elements become.
void check_fill(Scalar value, const Tensor& tensor);
void check_mse(const Tensor& self, const Tensor& target);
void check_as_strided(const Tensor& self, Span size, Span stride, int64_t storage_offset);
// "Expected all tensors to be on the same device ..."
void check_same_device(Device a, Device b);
inline void check_same_device(const Tensor& a, const Tensor& b) {
  check_same_device(a.device(), b.device());
}

// How PyTorch's messages about dtypes of products and of given results call a dtype: "long int".
const char* c_name_of(DType dtype);

// What each kernel says of an `out` of another dtype than its result's.
void check_out_dtype(DType result, const Tensor& out);
// The same where the caller has named the result's dtype.
void check_out_given(std::optional<DType> dtype, const Tensor& out);
// In place, self keeps its dtype.
void check_inplace_dtype(std::optional<DType> dtype, const Tensor& self);
void check_out_truth(const char* name, const Tensor& out);
// What `any` and `all` look at: an out of uint8 makes the elements uint8 first, as in PyTorch.
Tensor truth_input(const Tensor& self, const Tensor& out);
void check_addmm_inplace(const Tensor& self, const Tensor& mat1, const Tensor& mat2);
void check_out_found(DType result, const Tensor& out);
void check_out_match(DType result, const Tensor& out);
void check_out_dot(DType result, const Tensor& out);
void check_out_index_select(DType result, const Tensor& out);
void check_out_extreme(DType values_dtype, const Tensor& values, const Tensor& indices);
void check_out_where(const Tensor& self, const Tensor& other, const Tensor& out);
void check_out_matmul(const Tensor& self, const Tensor& other, const Tensor& out);
void check_out_cat(std::span<const Tensor> tensors, const Tensor& out);

}  // namespace libtensor::ops
