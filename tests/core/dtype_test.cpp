// Element types: promotion against PyTorch's table, and conversion of elements.
#include "core/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/scalar.h"

namespace libtensor {
namespace {

constexpr DType b1 = DType::kBool, u8 = DType::kUInt8, i8 = DType::kInt8, i16 = DType::kInt16;
constexpr DType i32 = DType::kInt32, i64 = DType::kInt64, f16 = DType::kFloat16;
constexpr DType bf16 = DType::kBFloat16, f32 = DType::kFloat32, f64 = DType::kFloat64;

// torch.promote_types, row by row.
constexpr DType kPromoted[10][10] = {
    {b1, u8, i8, i16, i32, i64, f16, bf16, f32, f64},
    {u8, u8, i16, i16, i32, i64, f16, bf16, f32, f64},
    {i8, i16, i8, i16, i32, i64, f16, bf16, f32, f64},
    {i16, i16, i16, i16, i32, i64, f16, bf16, f32, f64},
    {i32, i32, i32, i32, i32, i64, f16, bf16, f32, f64},
    {i64, i64, i64, i64, i64, i64, f16, bf16, f32, f64},
    {f16, f16, f16, f16, f16, f16, f16, f32, f32, f64},
    {bf16, bf16, bf16, bf16, bf16, bf16, f32, bf16, f32, f64},
    {f32, f32, f32, f32, f32, f32, f32, f32, f32, f64},
    {f64, f64, f64, f64, f64, f64, f64, f64, f64, f64},
};

DType nth(int i) { return static_cast<DType>(i + 1); }

TEST(DTypePromotion, IsPyTorchs) {
  for (int a = 0; a < 10; ++a) {
    for (int b = 0; b < 10; ++b) {
      EXPECT_EQ(promote(nth(a), nth(b)), kPromoted[a][b])
          << name_of(nth(a)) << " and " << name_of(nth(b));
    }
  }
}

TEST(DTypePromotion, NeverLowersTheCategory) {
  for (int a = 0; a < 10; ++a) {
    for (int b = 0; b < 10; ++b) EXPECT_TRUE(can_cast(nth(a), promote(nth(a), nth(b))));
  }
  EXPECT_FALSE(can_cast(f16, i64));
  EXPECT_FALSE(can_cast(i8, b1));
  EXPECT_TRUE(can_cast(i64, u8)) << "within a category narrowing is fine";
}

TEST(DTypeInfo, CategoriesAndComputeTypes) {
  for (int i = 0; i < 10; ++i) {
    const DType dtype = nth(i);
    EXPECT_EQ(is_floating(dtype), category_of(dtype) == DTypeCategory::kFloating);
    EXPECT_EQ(is_integral(dtype), category_of(dtype) == DTypeCategory::kIntegral);
    EXPECT_TRUE(is_valid(dtype));
    EXPECT_EQ(compute_dtype(dtype), dtype == f16 || dtype == bf16 ? f32 : dtype);
    dispatch(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      EXPECT_EQ(dtype_of<T>, dtype);
      EXPECT_EQ(sizeof(T), size_of(dtype));
    });
  }
  EXPECT_FALSE(is_valid(DType::kUndefined));
  EXPECT_THROW(dispatch(DType::kUndefined, [](auto) {}), Error);
}

TEST(Convert, FloatingToIntegerCutsTowardsZero) {
  for (double value : {0.0, 0.9, -0.9, 1.5, -1.5, 100.999, -100.999}) {
    EXPECT_EQ(convert<int64_t>(value), static_cast<int64_t>(std::trunc(value)));
    EXPECT_EQ(convert<int32_t>(static_cast<float>(value)), static_cast<int>(std::trunc(value)));
    EXPECT_EQ(convert<int8_t>(value), static_cast<int>(std::trunc(value)));
  }
}

TEST(Convert, ToNarrowIntegersWrapsAround) {
  EXPECT_EQ(convert<uint8_t>(-1.5), 255);
  EXPECT_EQ(convert<uint8_t>(256.5), 0);
  EXPECT_EQ(convert<int8_t>(255.9), -1);
  EXPECT_EQ(convert<uint8_t>(int64_t{-1}), 255);
  EXPECT_EQ(convert<int8_t>(int32_t{200}), -56);
  EXPECT_EQ(convert<int16_t>(int64_t{1} << 40 | 5), 5);
  EXPECT_EQ(convert<int32_t>(int64_t{1} << 32), 0);
}

TEST(Convert, ToBoolIsWhetherItIsNotZero) {
  EXPECT_TRUE(convert<bool>(0.1f));
  EXPECT_TRUE(convert<bool>(-1e-300));
  EXPECT_FALSE(convert<bool>(-0.0));
  EXPECT_TRUE(convert<bool>(std::nan("")));
  EXPECT_TRUE(convert<bool>(Half(0.5f)));
  EXPECT_FALSE(convert<bool>(BFloat16(-0.0f)));
  EXPECT_TRUE(convert<bool>(int64_t{256})) << "not its low byte";
}

TEST(Convert, HalfTypesGoThroughFloat) {
  EXPECT_EQ(static_cast<float>(convert<BFloat16>(Half(1.5f))), 1.5f);
  EXPECT_EQ(static_cast<float>(convert<Half>(BFloat16(1e30f))), INFINITY);
  EXPECT_EQ(convert<int32_t>(Half(-2.75f)), -2);
  EXPECT_EQ(static_cast<float>(convert<Half>(int64_t{2049})), 2048.0f);
  EXPECT_EQ(static_cast<float>(convert<Half>(true)), 1.0f);
  // Rounded to float first, and then to even: PyTorch's result, not that of one rounding.
  EXPECT_EQ(static_cast<float>(convert<Half>(1.0 + 0x1p-11 + 0x1p-40)), 1.0f);
}

TEST(Convert, IntegersToFloatingRoundToNearest) {
  EXPECT_EQ(convert<float>(int64_t{16777217}), 16777216.0f);
  EXPECT_EQ(convert<double>((int64_t{1} << 53) + 1), std::ldexp(1, 53));
}

TEST(Number, KeepsItsKindAndDefaultDType) {
  EXPECT_EQ(Scalar(true).default_dtype(), b1);
  EXPECT_EQ(Scalar(3).default_dtype(), i64);
  EXPECT_EQ(Scalar(3.0).default_dtype(), f32);
  EXPECT_EQ((-Scalar(3)).to<int64_t>(), -3);
  EXPECT_EQ((-Scalar(0.5)).to<double>(), -0.5);
}

TEST(Number, StoresAndLoadsEveryDType) {
  for (int i = 0; i < 10; ++i) {
    alignas(8) unsigned char bytes[16];
    std::fill(std::begin(bytes), std::end(bytes), 0xa5);
    Scalar(1).store(nth(i), bytes);
    EXPECT_EQ(Scalar::load(nth(i), bytes).to<double>(), 1);
    EXPECT_EQ(bytes[size_of(nth(i))], 0xa5) << "wrote behind the element";
  }
}

}  // namespace
}  // namespace libtensor
