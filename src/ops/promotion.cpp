#include "ops/promotion.h"

#include <cmath>

namespace libtensor::ops {
namespace {

DType promote_defined(DType a, DType b) {
  if (a == DType::kUndefined) return b;
  return b == DType::kUndefined ? a : promote(a, b);
}

DType combine_ranks(DType higher, DType lower) {
  if (is_floating(higher)) return higher;
  if (higher == DType::kBool || is_floating(lower)) return promote_defined(higher, lower);
  return higher == DType::kUndefined ? lower : higher;
}

}  // namespace

DType result_type(std::span<const Input> inputs) {
  DType with_dims = DType::kUndefined, zero_dim = DType::kUndefined, number = DType::kUndefined;
  bool needs_uint64 = false;
  for (const Input& input : inputs) {
    if (const Tensor* tensor = input.tensor()) {
      DType& rank = tensor->ndim() > 0 ? with_dims : zero_dim;
      rank = promote_defined(rank, tensor->dtype());
    } else {
      number = promote_defined(number, input.scalar().default_dtype());
      needs_uint64 |= input.scalar().exceeds_int64();
    }
  }
  check(!needs_uint64 || combine_ranks(with_dims, zero_dim) != DType::kBool,
        "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote Bool "
        "and UInt64");
  return combine_ranks(with_dims, combine_ranks(zero_dim, number));
}

Scalar as_element(Scalar number, const Tensor& beside) {
  const Input inputs[] = {number, beside};
  const DType common = result_type(inputs);
  if (!is_half(common)) return number;
  alignas(8) unsigned char element[8];
  number.store(common, element);
  return Scalar::load(common, element);
}

Scalar power_of_ten(int64_t decimals) {
  return std::pow(10.0, std::fabs(static_cast<double>(decimals)));
}

}  // namespace libtensor::ops
