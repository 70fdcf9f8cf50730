// Operations that write into a given tensor: one that fails leaves it as it was.
#include "support/refusal.h"

namespace test {
namespace {

class Out : public TensorTest {};

TEST_F(Out, KeepsItsShapeWhereTheDtypeHasNoKernel) {
  for (const tensor_dtype_t type : {TENSOR_BOOL}) {
    const Owned square = filled({2, 2}, 1, type), out = filled({3}, 0, type);
    const Refusal refusal = {TENSOR_ERROR_NOT_IMPLEMENTED, "\"pow\" not implemented for 'Bool'"};
    expect_refusal(refusal, {square, out}, [&] { return tensor_pow_out(square, square, out); });
    expect_refusal(refusal, {square, out},
                   [&] { return tensor_scalar_pow_out(tensor_scalar_bool(true), square, out); });
  }
}

TEST_F(Out, OfTwoMustBeTwo) {
  const Owned x = from<int64_t>({3, 1, 2, 5, 0, 7}, {2, 3});
  const Refusal refusal = {
      TENSOR_ERROR_INVALID_ARGUMENT,
      "unsupported operation: two outputs of one call refer to the same memory location. Please "
      "give tensors that share none."};
  for (int64_t size : {0, 3, 5}) {
    SCOPED_TRACE(size);
    const Owned out = filled({size}, 9, TENSOR_INT64);
    expect_refusal(refusal, {x, out}, [&] { return tensor_max_dim_out(x, 0, nullptr, out, out); });
    expect_refusal(refusal, {x, out}, [&] {
      return tensor_min_dim_out(x, 1, With(&tensor_min_dim_options_t::keepdim, true), out, out);
    });
  }
  const Owned memory = filled({8}, 9, TENSOR_INT64);
  const Owned first = call(tensor_slice, memory, 0, 0, 3, 1);
  const Owned second = call(tensor_slice, memory, 0, 2, 5, 1);
  const Owned third = call(tensor_slice, memory, 0, 4, 7, 1);
  const Owned none = call(tensor_slice, memory, 0, 3, 3, 1);  // becomes 3 to 6
  expect_refusal(refusal, {x, memory, first, second},
                 [&] { return tensor_max_dim_out(x, 0, nullptr, first, second); });
  expect_refusal(refusal, {x, memory, none, third},
                 [&] { return tensor_max_dim_out(x, 0, nullptr, none, third); });
  OK(tensor_max_dim_out(x, 0, nullptr, first, third));
  expect_values(memory, {5, 1, 7, 9, 1, 0, 1, 9});
}

// The second of two outputs cannot be had: the first one stays too.
TEST_F(Out, OfTwoOneThatCannotBeKeepsBoth) {
  const Owned x = filled({2, 3}, 1);
  const Owned values = filled({7}, 5), wrong = filled({2}, 5);
  const int64_t three = 3;
  const Owned repeated = call(tensor_expand, filled({1}, 5, TENSOR_INT64), &three, 1);
  const std::string before = describe(values), before_repeated = describe(repeated);
  EXPECT_NE(tensor_max_dim_out(x, 0, nullptr, values, repeated), TENSOR_OK);
  EXPECT_EQ(describe(values), before);
  EXPECT_EQ(describe(repeated), before_repeated);
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT,
                [&] { return tensor_max_dim_out(x, 0, nullptr, values, wrong); });
  EXPECT_EQ(describe(values), before);
  if (!on_cpu()) return;
  int64_t block[2] = {};  // memory that cannot grow
  const int64_t two = 2;
  const tensor_options_t ints = options(TENSOR_INT64);
  const Owned fixed =
      call(tensor_from_blob, block, &two, nullptr, size_t{1}, &ints, nullptr, nullptr);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "Trying to resize storage that is not resizable"},
                 {x, values, fixed},
                 [&] { return tensor_max_dim_out(x, 0, nullptr, values, fixed); });
}

TEST_F(Out, ThatSharesMemoryWithAnInputIsComputedFirst) {
  const Owned memory = from<float>({1, 2, 3, 4, 5, 6}, {6});
  const Owned x = call(tensor_slice, memory, 0, 0, 4, 1);
  const Owned none = call(tensor_slice, memory, 0, 1, 1, 1);
  OK(tensor_add_out(x, x, none));  // resized onto 1 to 5
  expect_values(none, {2, 4, 6, 8});
}

}  // namespace
}  // namespace test
