// What can be read off a tensor: sizes, strides, dtype, device, address, version.
#include <climits>

#include "support/refusal.h"

namespace test {
namespace {

class Inspect : public TensorTest {};

template <class T>
T get(tensor_status_t (*function)(const tensor_t*, T*), const tensor_t* t) {
  T out{};
  EXPECT_EQ(function(t, &out), TENSOR_OK) << tensor_last_error();
  return out;
}

int64_t at(tensor_status_t (*function)(const tensor_t*, int64_t, int64_t*), const tensor_t* t,
           int64_t dim) {
  int64_t out = -1;
  EXPECT_EQ(function(t, dim, &out), TENSOR_OK) << tensor_last_error();
  return out;
}

TEST_F(Inspect, ShapeAndStrides) {
  const Owned t = filled({2, 3, 4}, 0), turned = call(tensor_transpose, t, 0, -1);
  EXPECT_EQ(get(tensor_ndim, turned), 3u);
  EXPECT_EQ(get(tensor_numel, turned), 24);
  EXPECT_EQ(at(tensor_size, turned, 0), 4);
  EXPECT_EQ(at(tensor_size, turned, -1), 2);
  EXPECT_EQ(at(tensor_stride, turned, 0), 1);
  EXPECT_EQ(at(tensor_stride, turned, -1), 12);
  EXPECT_FALSE(get(tensor_is_contiguous, turned));
  EXPECT_TRUE(get(tensor_is_contiguous, t));
}

TEST_F(Inspect, ZeroDimTensor) {
  const Owned t = filled({}, 3);
  EXPECT_EQ(get(tensor_ndim, t), 0u);
  EXPECT_EQ(get(tensor_numel, t), 1);
  EXPECT_TRUE(get(tensor_is_contiguous, t));
  EXPECT_EQ(shape(t), Shape{});
  for (int64_t dim : {0, -1, 5}) {
    int64_t out = -7;
    const std::string message =
        "Dimension specified as " + std::to_string(dim) + " but tensor has no dimensions";
    expect_refusal({TENSOR_ERROR_INDEX, message}, {t}, [&] { return tensor_size(t, dim, &out); });
    expect_refusal({TENSOR_ERROR_INDEX, message}, {t}, [&] { return tensor_stride(t, dim, &out); });
    EXPECT_EQ(out, -7);
  }
}

TEST_F(Inspect, DimOutOfRange) {
  const Owned t = filled({2, 3}, 0);
  for (int64_t dim : {int64_t{2}, int64_t{-3}, INT64_MAX, INT64_MIN}) {
    const std::string message =
        "Dimension out of range (expected to be in range of [-2, 1], but got " +
        std::to_string(dim) + ")";
    int64_t out = -7;
    expect_refusal({TENSOR_ERROR_INDEX, message}, {t}, [&] { return tensor_size(t, dim, &out); });
    expect_refusal({TENSOR_ERROR_INDEX, message}, {t}, [&] { return tensor_stride(t, dim, &out); });
    EXPECT_EQ(out, -7);
  }
}

TEST_F(Inspect, ShapeWritesNoMoreThanThereIsRoomFor) {
  const Owned t = filled({2, 3, 4}, 0);
  int64_t sizes[4] = {-1, -1, -1, -1}, steps[4] = {-1, -1, -1, -1};
  size_t ndim = 0;
  OK(tensor_shape(t, sizes, 2, &ndim));
  EXPECT_EQ(ndim, 3u);
  EXPECT_EQ(std::vector<int64_t>(sizes, sizes + 4), (Shape{2, 3, -1, -1}));
  OK(tensor_strides(t, steps, 4, &ndim));
  EXPECT_EQ(std::vector<int64_t>(steps, steps + 4), (Shape{12, 4, 1, -1}));
  OK(tensor_shape(t, nullptr, 0, nullptr));
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_shape(t, nullptr, 3, &ndim); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT,
                [&] { return tensor_strides(t, nullptr, 3, &ndim); });
}

TEST_F(Inspect, OffsetAndAddressOfAView) {
  const Owned t = from<int16_t>({0, 1, 2, 3, 4, 5}, {2, 3}), row = call(tensor_select, t, 0, 1);
  EXPECT_EQ(get(tensor_storage_offset, t), 0);
  EXPECT_EQ(get(tensor_storage_offset, row), 3);
  EXPECT_EQ(static_cast<char*>(get(tensor_data, row)) - static_cast<char*>(get(tensor_data, t)), 6);
}

TEST_F(Inspect, DTypeAndDevice) {
  const Owned t = filled({2}, 0, TENSOR_BFLOAT16);
  EXPECT_EQ(get(tensor_dtype, t), TENSOR_BFLOAT16);
  EXPECT_EQ(get(tensor_device, t).type, device().type);
  EXPECT_EQ(get(tensor_device, t).index, 0);
}

TEST_F(Inspect, VersionCountsInPlaceChangesOfTheMemory) {
  const Owned t = filled({2}, 0), part = call(tensor_select, t, 0, 0), copy = call(tensor_clone, t);
  OK(tensor_add_scalar_(t, number(1)));
  OK(tensor_zero_(part));
  EXPECT_EQ(version(t), 2u);
  EXPECT_EQ(version(part), 2u);
  EXPECT_EQ(version(call(tensor_detach, t)), 2u);
  EXPECT_EQ(version(copy), 0u);
  OK(tensor_increment_version(part));
  EXPECT_EQ(version(t), 3u);
}

TEST_F(Inspect, EveryResultPointerIsChecked) {
  const Owned t = filled({2}, 0);
  for (const auto& call : std::vector<std::function<tensor_status_t()>>{
           [&] { return tensor_ndim(t, nullptr); }, [&] { return tensor_size(t, 0, nullptr); },
           [&] { return tensor_numel(t, nullptr); }, [&] { return tensor_stride(t, 0, nullptr); },
           [&] { return tensor_storage_offset(t, nullptr); },
           [&] { return tensor_is_contiguous(t, nullptr); },
           [&] { return tensor_dtype(t, nullptr); }, [&] { return tensor_device(t, nullptr); },
           [&] { return tensor_data(t, nullptr); }, [&] { return tensor_version_of(t, nullptr); },
           [&] { return tensor_item(t, nullptr); }, [&] { return tensor_item_double(t, nullptr); },
           [&] { return tensor_item_int64(t, nullptr); },
           [&] { return tensor_item_bool(t, nullptr); },
           [&] { return tensor_requires_grad(t, nullptr); },
           [&] { return tensor_is_leaf(t, nullptr); }, [&] { return tensor_grad(t, nullptr); },
           [&] { return tensor_grad_enabled(nullptr); },
           [&] { return tensor_promote_types(TENSOR_BOOL, TENSOR_BOOL, nullptr); }}) {
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "out must not be NULL"}, {t}, call);
  }
}

TEST(DType, NamesAndSizes) {
  const std::pair<const char*, size_t> expected[] = {
      {"undefined", 0}, {"bool", 1},    {"uint8", 1},  {"int8", 1},
      {"int16", 2},     {"int32", 4},   {"int64", 8},  {"float16", 2},
      {"bfloat16", 2},  {"float32", 4}, {"float64", 8}};
  for (tensor_dtype_t type = 0; type <= TENSOR_FLOAT64; ++type) {
    EXPECT_STREQ(tensor_dtype_name(type), expected[type].first);
    EXPECT_EQ(tensor_dtype_size(type), expected[type].second);
  }
  for (tensor_dtype_t type : {-1, 11, 12, 13, 1000, INT_MAX, INT_MIN}) {
    EXPECT_STREQ(tensor_dtype_name(type), "undefined");
    EXPECT_EQ(tensor_dtype_size(type), 0u);
  }
}

TEST(DType, FromItsName) {
  tensor_dtype_t out = -5;
  for (tensor_dtype_t type = TENSOR_BOOL; type <= TENSOR_FLOAT64; ++type) {
    EXPECT_EQ(tensor_dtype_from_name(tensor_dtype_name(type), &out), TENSOR_OK);
    EXPECT_EQ(out, type);
  }
  EXPECT_EQ(tensor_dtype_from_name("long", &out), TENSOR_OK);
  EXPECT_EQ(out, TENSOR_INT64);
  for (const char* bad : {"", "undefined", "Float32", "float32 ", "complex64"}) {
    EXPECT_EQ(tensor_dtype_from_name(bad, &out), TENSOR_ERROR_VALUE);
    EXPECT_EQ(tensor_last_error(), "name is '" + std::string(bad) + "', which no dtype has");
  }
  EXPECT_EQ(tensor_dtype_from_name(nullptr, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(tensor_last_error(), "name must not be NULL");
  EXPECT_EQ(out, TENSOR_INT64);
}

TEST(DType, PromotionRefusesWhatIsNoDType) {
  tensor_dtype_t out = -5;
  for (tensor_dtype_t bad : {0, 11, -1, INT_MAX}) {
    EXPECT_EQ(tensor_promote_types(bad, TENSOR_BOOL, &out), TENSOR_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(tensor_promote_types(TENSOR_BOOL, bad, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  }
  EXPECT_EQ(out, -5);
  EXPECT_EQ(tensor_promote_types(TENSOR_INT8, TENSOR_UINT8, &out), TENSOR_OK);
  EXPECT_EQ(out, TENSOR_INT16);
}

}  // namespace
}  // namespace test
