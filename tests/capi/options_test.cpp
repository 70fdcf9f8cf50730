// Options of operations: what has a default, and callers of other versions of the library.
#include <array>

#include "support/refusal.h"

namespace test {
namespace {

class OperationOptions : public TensorTest {
 protected:
  const Owned x_ = plain({1, 2, 3, 4, 5, 6}, {2, 3});
};

TEST_F(OperationOptions, ZerosAreTheDefaults) {
  const tensor_flatten_options_t zeros = {sizeof(zeros), 0, {}};
  EXPECT_EQ(shape(call(tensor_flatten, x_, &zeros)), (Shape{6}));
  EXPECT_EQ(shape(call(tensor_flatten, x_, nullptr)), (Shape{6}));
  const tensor_arange_options_t steps = {sizeof(steps), {}, nullptr};
  EXPECT_EQ(values(call(tensor_arange, integer(2), integer(5), &steps)), (Values{2, 3, 4}));
  EXPECT_EQ(values(call(tensor_arange, integer(2), integer(5), nullptr)), (Values{2, 3, 4}));
}

TEST_F(OperationOptions, ANumberMayBeZero) {
  const Owned beta = call(tensor_addmm, plain({5}, {1, 1}), plain({2}, {1, 1}), plain({3}, {1, 1}),
                          With(&tensor_addmm_options_t::beta, integer(0)));
  EXPECT_EQ(values(beta), (Values{6}));
  const With last(&tensor_flatten_options_t::end_dim, tensor_some_int64(0));
  EXPECT_EQ(shape(call(tensor_flatten, x_, last)), (Shape{2, 3}));
  bool close = true;
  const Owned near = plain({1.000001, 2, 3, 4, 5, 6}, {2, 3});
  OK(tensor_allclose(x_, near, With(&tensor_allclose_options_t::rtol, tensor_some_double(0)),
                     &close));
  EXPECT_FALSE(close);
  OK(tensor_allclose(x_, near, nullptr, &close));
  EXPECT_TRUE(close);
}

TEST_F(OperationOptions, TheMeanIsTheFirstReduction) {
  const Owned zeros = filled({2, 3}, 0);
  const auto loss = [&](tensor_reduction_t reduction) {
    const With options(&tensor_mse_loss_options_t::reduction, reduction);
    return values(call(tensor_mse_loss, x_, zeros, options));
  };
  EXPECT_EQ(loss(TENSOR_REDUCTION_NONE), (Values{1, 4, 9, 16, 25, 36}));
  EXPECT_EQ(loss(TENSOR_REDUCTION_SUM), Values{91});
  EXPECT_EQ(loss(TENSOR_REDUCTION_MEAN), values(call(tensor_mse_loss, x_, zeros, nullptr)));
  EXPECT_EQ(loss(TENSOR_REDUCTION_MEAN).size(), 1u);
}

TEST_F(OperationOptions, DefaultsMayDependOnArguments) {
  EXPECT_EQ(shape(call(tensor_eye, 2, nullptr)), (Shape{2, 2}));
  const With columns(&tensor_eye_options_t::m, tensor_some_int64(3));
  EXPECT_EQ(shape(call(tensor_eye, 2, columns)), (Shape{2, 3}));

  const Owned row = call(tensor_select, x_, 0, 1);
  const Shape size = {2}, stride = {1};
  const auto strided = [&](const tensor_as_strided_options_t* options) {
    return values(call(tensor_as_strided, row, size.data(), 1, stride.data(), 1, options));
  };
  EXPECT_EQ(strided(nullptr), (Values{4, 5}));
  EXPECT_EQ(strided(With(&tensor_as_strided_options_t::storage_offset, tensor_some_int64(0))),
            (Values{1, 2}));

  const Owned halves = filled({2}, 1, TENSOR_FLOAT16);
  EXPECT_EQ(dtype(call(tensor_to_copy, halves, nullptr)), TENSOR_FLOAT16);
  const Owned longs =
      call(tensor_to_copy, halves, With(&tensor_to_copy_options_t::dtype, TENSOR_INT64));
  EXPECT_EQ(dtype(longs), TENSOR_INT64);
}

TEST_F(OperationOptions, SayHowTheResultIsMade) {
  const tensor_options_t doubles = options(TENSOR_FLOAT64, true);
  const With made(&tensor_arange_options_t::tensor, &doubles);
  const Owned range = call(tensor_arange, integer(0), integer(3), made);
  EXPECT_EQ(dtype(range), TENSOR_FLOAT64);
  EXPECT_TRUE(requires_grad(range));
  const Owned out = filled({3}, 7);
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT, "options.tensor must be NULL where there is an output"},
      {out}, [&] { return tensor_arange_out(integer(0), integer(3), made, out); });
}

TEST_F(OperationOptions, AnEmptyListIsOne) {
  const int64_t dims[] = {1};
  const With one =
      With(&tensor_amax_options_t::dim, dims).add(&tensor_amax_options_t::dim_count, 1);
  EXPECT_EQ(values(call(tensor_amax, x_, one)), (Values{3, 6}));
  EXPECT_EQ(values(call(tensor_amax, x_, With(&tensor_amax_options_t::dim, dims))), (Values{6}));
  EXPECT_EQ(values(call(tensor_amax, x_, nullptr)), (Values{6}));
}

// What an older caller's struct lacks is not read: it may end where its memory ends.
TEST_F(OperationOptions, OfAnOlderCaller) {
  tensor_nll_loss_options_t options = {};
  options.ignore_index = tensor_some_int64(1);
  options.reduction = TENSOR_REDUCTION_SUM;
  const Owned scores = plain({-1, -2, -3, -4, -5, -5}, {3, 2});
  const Owned target = from<int64_t>({0, 0, 1}, {3});
  const auto loss = [&](size_t size) {
    options.struct_size = size;
    return values(call(tensor_nll_loss, scores, target, &options))[0];
  };
  EXPECT_EQ(loss(sizeof(options)), 1 + 3);
  EXPECT_EQ(loss(offsetof(tensor_nll_loss_options_t, reduction)), 2);  // the mean of the two
  EXPECT_EQ(loss(offsetof(tensor_nll_loss_options_t, ignore_index)), 3);
  EXPECT_EQ(loss(sizeof(size_t)), 3);
}

TEST_F(OperationOptions, OfALaterVersion) {
  struct {
    tensor_flatten_options_t known;
    std::array<unsigned char, 16> later;
  } options = {};
  options.known.start_dim = 1;
  options.known.struct_size = sizeof(options);
  EXPECT_EQ(shape(call(tensor_flatten, x_, &options.known)), (Shape{2, 3}));
  options.later[9] = 1;
  const Refusal refusal = {TENSOR_ERROR_INVALID_ARGUMENT,
                           "options have a field at byte 41 that this version of the library does "
                           "not know"};
  expect_no_result(refusal, {x_},
                   [&](tensor_t** out) { return tensor_flatten(x_, &options.known, out); });
}

TEST_F(OperationOptions, OfNoVersion) {
  tensor_flatten_options_t options = {};
  for (size_t size : {size_t{0}, size_t{7}, sizeof(options) - 1, size_t{1} << 40, SIZE_MAX}) {
    options.struct_size = size;
    const Refusal refusal = {TENSOR_ERROR_INVALID_ARGUMENT,
                             "options.struct_size is " + std::to_string(size) +
                                 ", expected the size of the struct, " +
                                 std::to_string(sizeof(options))};
    expect_no_result(refusal, {x_},
                     [&](tensor_t** out) { return tensor_flatten(x_, &options, out); });
  }
}

}  // namespace
}  // namespace test
