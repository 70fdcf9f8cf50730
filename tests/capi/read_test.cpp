// Elements out of a tensor: one as a number, all as bytes, and the text form.
#include <cmath>

#include "support/refusal.h"
#include "support/texts.h"

namespace test {
namespace {

class Read : public TensorTest {};

TEST_F(Read, ItemOfEveryDType) {
  for (tensor_dtype_t type = TENSOR_BOOL; type <= TENSOR_FLOAT64; ++type) {
    const Owned t = filled({1, 1}, 1, type);
    tensor_scalar_t out = {};
    OK(tensor_item(t, &out));
    EXPECT_EQ(out.reserved, 0);
    if (type == TENSOR_BOOL) {
      EXPECT_EQ(out.dtype, TENSOR_BOOL);
      EXPECT_TRUE(out.value.boolean);
    } else if (type <= TENSOR_INT64) {
      EXPECT_EQ(out.dtype, TENSOR_INT64);
      EXPECT_EQ(out.value.int64, 1);
    } else {
      EXPECT_EQ(out.dtype, TENSOR_FLOAT64);
      EXPECT_EQ(out.value.float64, 1);
    }
  }
}

TEST_F(Read, ItemKeepsAllBitsOfAnInt64) {
  tensor_scalar_t out = {};
  OK(tensor_item(from<int64_t>({INT64_MIN + 1}, {}), &out));
  EXPECT_EQ(out.value.int64, INT64_MIN + 1);
}

TEST_F(Read, ItemOfAViewReadsItsElement) {
  const Owned t = from<float>({1, 2, 3}, {3});
  tensor_scalar_t out = {};
  OK(tensor_item(call(tensor_select, t, 0, 2), &out));
  EXPECT_EQ(out.value.float64, 3);
}

TEST_F(Read, ItemOfNotExactlyOneElementIsRefused) {
  tensor_scalar_t out = tensor_scalar_int64(-7);
  const Owned three = filled({3}, 1), none = filled({0}, 1);
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT, "a Tensor with 3 elements cannot be converted to Scalar"},
      {three}, [&] { return tensor_item(three, &out); });
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT, "a Tensor with 0 elements cannot be converted to Scalar"},
      {none}, [&] { return tensor_item(none, &out); });
  EXPECT_EQ(out.value.int64, -7);
}

TEST_F(Read, ItemAsAPlainNumber) {
  for (tensor_dtype_t type = TENSOR_BOOL; type <= TENSOR_FLOAT64; ++type) {
    const Owned t = filled({1, 1}, 1, type);
    double real = 0;
    int64_t integer = 0;
    bool truth = false;
    OK(tensor_item_double(t, &real));
    OK(tensor_item_int64(t, &integer));
    OK(tensor_item_bool(t, &truth));
    EXPECT_EQ(real, 1);
    EXPECT_EQ(integer, 1);
    EXPECT_TRUE(truth);
  }
  int64_t integer = 0;
  OK(tensor_item_int64(from<float>({-2.75}, {}), &integer));
  EXPECT_EQ(integer, -2);
  OK(tensor_item_int64(from<int64_t>({INT64_MIN + 1}, {}), &integer));
  EXPECT_EQ(integer, INT64_MIN + 1);
  OK(tensor_item_int64(from<double>({-9223372036854775808.0}, {}), &integer));
  EXPECT_EQ(integer, INT64_MIN);
}

TEST_F(Read, ItemThatNoIntegerHoldsIsRefused) {
  for (double value : {9223372036854775808.0, -1e19, std::nan(""), -HUGE_VAL}) {
    const Owned t = from<double>({value}, {});
    int64_t out = -7;
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                    "value cannot be converted to type int64_t without overflow"},
                   {t}, [&] { return tensor_item_int64(t, &out); });
    EXPECT_EQ(out, -7);
  }
}

TEST_F(Read, CopyFromIsTheWayBack) {
  const float elements[] = {0, 1, 2, 3, 4, 5};
  const Owned t = filled({3, 2}, 0), view = call(tensor_transpose, t, 0, 1);
  OK(tensor_copy_from(view, elements, sizeof elements));
  float out[6];
  OK(tensor_copy_to(t, out, sizeof out));
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  uint32_t version = 0;
  OK(tensor_version_of(t, &version));
  EXPECT_EQ(version, 1u);
}

TEST_F(Read, CopyFromRefusesAnotherSizeNullAndLeaves) {
  const Owned t = filled({3}, 1), none = filled({0}, 1), parameter = leaf({1, 2}, {2});
  const float elements[4] = {};
  const double two[2] = {};
  for (size_t bytes : {size_t{0}, size_t{11}, size_t{13}, SIZE_MAX}) {
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                    "bytes is " + std::to_string(bytes) + ", but the tensor's elements take 12"},
                   {t}, [&] { return tensor_copy_from(t, elements, bytes); });
  }
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "data must not be NULL"}, {t},
                 [&] { return tensor_copy_from(t, nullptr, 12); });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "a leaf Variable that requires grad is being used in an in-place operation."},
                 {parameter}, [&] { return tensor_copy_from(parameter, two, sizeof two); });
  OK(tensor_copy_from(none, nullptr, 0));
}

TEST_F(Read, CopyToIsRowMajorWhateverTheStrides) {
  const Owned t = from<float>({0, 1, 2, 3, 4, 5}, {2, 3});
  float out[6];
  OK(tensor_copy_to(call(tensor_transpose, t, 0, 1), out, sizeof(out)));
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST_F(Read, CopyToOfATensorThatRequiresGradRecordsNothing) {
  const Owned t = leaf({1, 2, 3, 4}, {2, 2}), product = call(tensor_mul, t, t);
  double out[4];
  OK(tensor_copy_to(call(tensor_transpose, product, 0, 1), out, sizeof(out)));
  EXPECT_EQ(out[1], 9);
}

TEST_F(Read, CopyToRefusesAnotherSizeAndNull) {
  const Owned t = filled({3}, 1), none = filled({0}, 1);
  float out[4] = {-7, -7, -7, -7};
  for (size_t bytes : {size_t{0}, size_t{11}, size_t{13}, size_t{16}, SIZE_MAX}) {
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                    "bytes is " + std::to_string(bytes) + ", but the tensor's elements take 12"},
                   {t}, [&] { return tensor_copy_to(t, out, bytes); });
  }
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "data must not be NULL"}, {t},
                 [&] { return tensor_copy_to(t, nullptr, 12); });
  EXPECT_EQ(out[0], -7);
  OK(tensor_copy_to(none, nullptr, 0));
}

const std::string kText = as_here("tensor([1., 2.], requires_grad=True)");

TEST_F(Read, TextIsCutToTheBufferAndAlwaysEnds) {
  const Owned t = from<float>({1, 2}, {2}, true);
  for (size_t capacity = 1; capacity <= kText.size() + 3; ++capacity) {
    std::string buffer(capacity + 1, '#');
    size_t length = 0;
    OK(tensor_to_string(t, buffer.data(), capacity, &length));
    EXPECT_EQ(length, kText.size());
    EXPECT_EQ(std::string(buffer.c_str()), kText.substr(0, capacity - 1));
    EXPECT_EQ(buffer[capacity], '#') << "written behind the buffer";
  }
}

TEST_F(Read, TextLengthAloneNeedsNoBuffer) {
  const Owned t = from<float>({1, 2}, {2}, true);
  size_t length = 0;
  OK(tensor_to_string(t, nullptr, 0, &length));
  EXPECT_EQ(length, kText.size());
  OK(tensor_to_string(t, nullptr, 0, nullptr));
  std::string buffer(kText.size() + 1, '#');
  OK(tensor_to_string(t, buffer.data(), buffer.size(), nullptr));
  EXPECT_STREQ(buffer.c_str(), kText.c_str());
}

TEST_F(Read, TextWithoutABufferIsRefused) {
  const Owned t = filled({2}, 1);
  size_t length = 77;
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "buffer must not be NULL where capacity is not 0"},
                 {t}, [&] { return tensor_to_string(t, nullptr, 5, &length); });
  EXPECT_EQ(length, 77u);
}

TEST_F(Read, TextNamesTheNodeThatMadeIt) {
  const Owned x = from<float>({1, 2}, {2}, true);
  EXPECT_EQ(text(call(tensor_mul, x, x)), as_here("tensor([1., 4.], grad_fn=<MulBackward0>)"));
  EXPECT_EQ(text(filled({2}, 1, TENSOR_INT32)), as_here("tensor([1, 1], dtype=torch.int32)"));
}

// Memory of others, or never written, may hold any byte: what is not 0 is true.
TEST_F(Read, BoolsLeaveAs0Or1) {
  unsigned char bytes[] = {0, 1, 2, 255};
  const int64_t shape[] = {4};
  tensor_options_t options = tensor_options_default();
  options.dtype = TENSOR_BOOL;
  const Owned flags = call(tensor_from_blob, bytes, shape, nullptr, 1, &options, nullptr, nullptr);
  unsigned char out[4];
  OK(tensor_copy_to(flags, out, sizeof out));
  const unsigned char expected[] = {0, 1, 1, 1};
  EXPECT_EQ(std::memcmp(out, expected, sizeof out), 0);
  for (int64_t i = 0; i < 4; ++i) {
    tensor_scalar_t item = {};
    OK(tensor_item(call(tensor_select, flags, 0, i), &item));
    unsigned char raw;
    std::memcpy(&raw, &item.value.boolean, 1);
    EXPECT_EQ(raw, expected[i]);
  }
}

TEST_F(Read, TheDefaultDTypeIsNoDType) {
  tensor_dtype_t promoted = TENSOR_BOOL;
  EXPECT_EQ(tensor_promote_types(TENSOR_FLOAT32, TENSOR_DTYPE_DEFAULT, &promoted),
            TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(tensor_last_error(), "b is TENSOR_DTYPE_DEFAULT, but must name a dtype here");
  EXPECT_EQ(promoted, TENSOR_BOOL);
}

}  // namespace
}  // namespace test
