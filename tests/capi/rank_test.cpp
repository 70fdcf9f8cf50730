// Tensors have at most 64 dims: every door refuses a 65th.
#include "support/refusal.h"

namespace test {
namespace {

const Refusal kTooMany = {TENSOR_ERROR_INVALID_ARGUMENT,
                          "too many dimensions: 65, at most 64 are supported"};
const Shape kOnes(65, 1);

class Rank : public TensorTest {
 protected:
  const Owned most_ = filled(Shape(64, 1), 2, TENSOR_FLOAT64, true);
};

// A list of 65 sizes is refused before the operation sees it.
Refusal too_long(const std::string& name) {
  return {TENSOR_ERROR_INVALID_ARGUMENT,
          name + " has 65 entries; at most 64 dimensions are supported"};
}

TEST_F(Rank, SixtyFiveSizesAreRefused) {
  const Owned one = filled({1}, 1);
  const double number_ = 1;
  double memory = 1;
  const auto refused = [&](const std::string& name, auto call) {
    expect_no_result(too_long(name), {one}, call);
  };
  refused("shape", [&](auto out) { return tensor_zeros(kOnes.data(), 65, nullptr, out); });
  refused("shape", [&](auto out) { return tensor_view(one, kOnes.data(), 65, out); });
  refused("shape", [&](auto out) { return tensor_reshape(one, kOnes.data(), 65, out); });
  refused("size", [&](auto out) { return tensor_expand(one, kOnes.data(), 65, out); });
  refused("size", [&](auto out) {
    return tensor_as_strided(one, kOnes.data(), 65, kOnes.data(), 1, nullptr, out);
  });
  refused("shape",
          [&](auto out) { return tensor_from_data(&number_, kOnes.data(), 65, nullptr, out); });
  refused("shape", [&](auto out) {
    return tensor_from_blob(&memory, kOnes.data(), nullptr, 65, nullptr, nullptr, nullptr, out);
  });
  expect_refusal(too_long("shape"), {one}, [&] { return tensor_ones_out(kOnes.data(), 65, one); });
}

TEST_F(Rank, ADimMoreIsRefused) {
  tensor_t* const two[] = {most_, most_};
  expect_no_result(kTooMany, {most_}, [&](auto out) { return tensor_unsqueeze(most_, 0, out); });
  expect_no_result(kTooMany, {most_}, [&](auto out) { return tensor_stack(two, 2, nullptr, out); });
  const Owned plain = filled(Shape(64, 1), 2);
  expect_refusal(kTooMany, {plain}, [&] { return tensor_unsqueeze_(plain, -1); });
}

tensor_status_t square(void*, tensor_t* const* inputs, size_t, tensor_t** outputs, size_t) {
  return tensor_mul(inputs[0], inputs[0], outputs);
}

tensor_status_t sum_of_squares(void*, tensor_t* const* inputs, size_t, tensor_t** outputs, size_t) {
  const Owned squares = call(tensor_mul, inputs[0], inputs[0]);
  return tensor_sum(squares, outputs);
}

TEST_F(Rank, ADerivativeHasTheDimsOfBoth) {
  const Owned x = filled(Shape(33, 1), 3, TENSOR_FLOAT64);
  tensor_t* inputs[] = {x};
  const Refusal refusal = {TENSOR_ERROR_INVALID_ARGUMENT,
                           "too many dimensions: 66, at most 64 are supported"};
  expect_no_result(refusal, {x}, [&](auto out) {
    return tensor_jacobian(square, nullptr, inputs, 1, nullptr, 1, out);
  });
  expect_no_result(refusal, {x}, [&](auto out) {
    return tensor_hessian(sum_of_squares, nullptr, inputs, 1, nullptr, out);
  });
  inputs[0] = most_;
  const Owned row =
      call(tensor_jacobian, sum_of_squares, nullptr, inputs, size_t{1}, nullptr, size_t{1});
  EXPECT_EQ(shape(row), Shape(64, 1));
  expect_values(row, {4});
}

// What is known of a dim by a bit of a mask.
TEST_F(Rank, TheLastOf64DimsIsTold) {
  Shape sizes(64, 1);
  sizes[63] = 3;
  const Owned x = filled(sizes, 2);
  const int64_t last = 63, both[] = {63, 0};
  EXPECT_EQ(value(call(tensor_sum_dim, x, &last, 1, false)), 6);
  EXPECT_EQ(numel(call(tensor_sum_dim, x, both, 2, true)), 1);
  EXPECT_EQ(shape(call(tensor_squeeze, x)), (Shape{3}));
  EXPECT_EQ(shape(call(tensor_squeeze_dim, x, 63)).size(), 64u);
  EXPECT_EQ(value(call(tensor_sum, x)), 6);
}

}  // namespace
}  // namespace test
