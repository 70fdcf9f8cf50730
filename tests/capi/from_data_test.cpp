// Tensors from the caller's memory, copied: sizes, options, and what is refused.
#include <climits>

#include "support/refusal.h"

namespace test {
namespace {

class FromData : public TensorTest {};

constexpr float kSix[] = {1, 2, 3, 4, 5, 6};

tensor_status_t make(const Shape& shape, const tensor_options_t* options, tensor_t** out) {
  return tensor_from_data(kSix, shape.data(), shape.size(), options, out);
}

TEST_F(FromData, CopiesRowMajorElements) {
  float data[] = {1, 2, 3, 4, 5, 6};
  const int64_t sizes[] = {2, 3};
  const Owned t = call(tensor_from_data, data, sizes, 2, nullptr);
  data[0] = 100;
  expect_values(t, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(shape(t), (Shape{2, 3}));
  EXPECT_EQ(strides(t), (Shape{3, 1}));
  EXPECT_EQ(dtype(t), TENSOR_FLOAT32);
  EXPECT_FALSE(requires_grad(t));
  EXPECT_EQ(version(t), 0u);
}

TEST_F(FromData, TakesNullWhereThereAreNoElements) {
  const int64_t sizes[] = {0, 3};
  const Owned t = call(tensor_from_data, nullptr, sizes, 2, nullptr);
  EXPECT_EQ(numel(t), 0);
  expect_values(t, {});
}

TEST_F(FromData, MakesA0DimTensorFromNoSizes) {
  const Owned t = call(tensor_from_data, kSix, nullptr, 0, nullptr);
  EXPECT_EQ(shape(t), Shape{});
  EXPECT_EQ(value(t), 1);
}

TEST_F(FromData, TakesEveryDType) {
  const uint64_t zeros[4] = {};
  for (tensor_dtype_t type = TENSOR_BOOL; type <= TENSOR_FLOAT64; ++type) {
    const tensor_options_t settings = options(type);
    const int64_t sizes[] = {4};
    const Owned t = call(tensor_from_data, zeros, sizes, 1, &settings);
    EXPECT_EQ(dtype(t), type);
    expect_values(t, {0, 0, 0, 0});
  }
}

TEST_F(FromData, Takes64DimsAndNoMore) {
  const Shape most(64, 1), more(65, 1);
  EXPECT_EQ(shape(call(tensor_from_data, kSix, most.data(), 64, nullptr)), most);
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT, "shape has 65 entries; at most 64 dimensions are supported"},
      {}, [&](tensor_t** out) { return make(more, nullptr, out); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] {
    tensor_t* out;
    return tensor_from_data(kSix, more.data(), SIZE_MAX, nullptr, &out);
  });
}

TEST_F(FromData, RefusesNullPointers) {
  const int64_t sizes[] = {2, 3};
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT, "data must not be NULL"}, {},
      [&](tensor_t** out) { return tensor_from_data(nullptr, sizes, 2, nullptr, out); });
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT, "shape must not be NULL"}, {},
      [&](tensor_t** out) { return tensor_from_data(kSix, nullptr, 2, nullptr, out); });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "out must not be NULL"}, {},
                 [&] { return tensor_from_data(kSix, sizes, 2, nullptr, nullptr); });
}

TEST_F(FromData, RefusesNegativeAndHugeSizes) {
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Trying to create tensor with negative dimension -3: [2, -3]"},
                   {}, [](tensor_t** out) {
                     return make({2, -3}, nullptr, out);
                   });
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Storage size calculation overflowed with sizes=[4611686018427387904, 4]"},
                   {}, [](tensor_t** out) {
                     return make({INT64_C(1) << 62, 4}, nullptr, out);
                   });
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Storage size calculation overflowed with sizes=[4611686018427387904]"},
                   {}, [](tensor_t** out) { return make({INT64_C(1) << 62}, nullptr, out); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [] {
    tensor_t* out;
    return make({INT64_MIN}, nullptr, &out);
  });
}

TEST_F(FromData, ReportsWhatTheMachineCannotHold) {
  tensor_t* out = unwritten();
  expect_status(TENSOR_ERROR_OUT_OF_MEMORY,
                [&] { return tensor_empty(Shape{INT64_C(1) << 58}.data(), 1, nullptr, &out); });
  EXPECT_EQ(out, unwritten());
}

TEST_F(FromData, RefusesUnknownDTypesAndDevices) {
  for (tensor_dtype_t type : {11, 12, 13, 100, -1, INT_MAX, INT_MIN}) {
    const tensor_options_t settings = options(type);
    expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                      "options.dtype has the unknown dtype " + std::to_string(type)},
                     {}, [&](tensor_t** out) { return make({2}, &settings, out); });
  }
  for (tensor_device_t device : {tensor_device_t{3, 0},
                                 {-1, 0},
                                 {TENSOR_CPU, 1},
                                 {TENSOR_CPU, -1},
                                 {TENSOR_CUDA, -2},
                                 {TENSOR_CUDA, 1 << 20}}) {
    tensor_options_t settings = tensor_options_default();
    settings.device = device;
    expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] {
      tensor_t* out;
      return make({2}, &settings, &out);
    });
  }
}

TEST_F(FromData, RefusesOptionsOfAWrongSize) {
  for (size_t size : {size_t{0}, size_t{1}, sizeof(tensor_options_t) - 1}) {
    tensor_options_t settings = tensor_options_default();
    settings.struct_size = size;
    expect_no_result(
        {TENSOR_ERROR_INVALID_ARGUMENT, "options.struct_size is " + std::to_string(size) +
                                            ": start from tensor_options_default()"},
        {}, [&](tensor_t** out) { return make({2}, &settings, out); });
  }
}

TEST_F(FromData, TakesOptionsOfALaterVersion) {
  struct Later {
    tensor_options_t known = tensor_options_default();
    uint64_t more = ~uint64_t{0};
  } later;
  later.known.struct_size = sizeof(later);
  later.known.dtype = TENSOR_INT32;
  const int64_t sizes[] = {2};
  EXPECT_EQ(dtype(call(tensor_from_data, kSix, sizes, 1, &later.known)), TENSOR_INT32);
}

TEST_F(FromData, MakesALeafWhereAskedTo) {
  const tensor_options_t settings = options(TENSOR_FLOAT32, true);
  const int64_t sizes[] = {2};
  const Owned t = call(tensor_from_data, kSix, sizes, 1, &settings);
  EXPECT_TRUE(requires_grad(t));
  EXPECT_TRUE(is_leaf(t));
  EXPECT_EQ(grad_fn(t), "");
}

TEST_F(FromData, RefusesGradientsOfIntegers) {
  const tensor_options_t settings = options(TENSOR_INT32, true);
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Only Tensors of floating point and complex dtype can require gradients"},
                   {}, [&](tensor_t** out) { return make({2}, &settings, out); });
}

TEST_F(FromData, SaysThatThereIsNoCuda) {
  if (tensor_cuda_is_available()) GTEST_SKIP();
  tensor_options_t settings = tensor_options_default();
  settings.device = {TENSOR_CUDA, 0};
  expect_no_result({TENSOR_ERROR_UNAVAILABLE, tensor_cuda_unavailable_reason()}, {},
                   [&](tensor_t** out) { return make({2}, &settings, out); });
}

}  // namespace
}  // namespace test
