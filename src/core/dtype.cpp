#include "core/dtype.h"

namespace libtensor {

const DTypeInfo kDTypeInfo[kDTypeCount] = {
    {"undefined", "Undefined", 0, DTypeCategory::kBool},
    {"bool", "Bool", 1, DTypeCategory::kBool},
    {"uint8", "Byte", 1, DTypeCategory::kIntegral},
    {"int8", "Char", 1, DTypeCategory::kIntegral},
    {"int16", "Short", 2, DTypeCategory::kIntegral},
    {"int32", "Int", 4, DTypeCategory::kIntegral},
    {"int64", "Long", 8, DTypeCategory::kIntegral},
    {"float16", "Half", 2, DTypeCategory::kFloating},
    {"bfloat16", "BFloat16", 2, DTypeCategory::kFloating},
    {"float32", "Float", 4, DTypeCategory::kFloating},
    {"float64", "Double", 8, DTypeCategory::kFloating},
};

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  // Two 8-bit types of different sign need 16 bits; the two half types need float. Elsewhere the
  // enumerators are already ordered so that the greater one holds the lesser.
  if (a == DType::kUInt8 && b == DType::kInt8) return DType::kInt16;
  if (a == DType::kFloat16 && b == DType::kBFloat16) return DType::kFloat32;
  return b;
}

}  // namespace libtensor
