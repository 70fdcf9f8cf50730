// Softmax, log_softmax and their gradients against plain loops in long double.
#include "cpu/softmax.h"

#include <cmath>

#include "array.h"
#include "cpu/threads.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

Value tolerance(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return 0x1p-10L;
    case DType::kBFloat16:
      return 0x1p-7L;
    case DType::kFloat32:
      return 0x1p-20L;
    default:
      return 0x1p-48L;
  }
}

struct Sizes {
  int64_t outer, length, inner;
};

class Softmax : public EachTarget {
 protected:
  template <class Call = SoftmaxCall>
  static Call make_call(Sizes sizes, DType dtype, bool log) {
    Call call;
    call.log = log;
    call.outer = sizes.outer;
    call.length = sizes.length;
    call.inner = sizes.inner;
    call.dtype = dtype;
    return call;
  }

  static void check(Sizes sizes, DType dtype, bool log) {
    const int64_t n = sizes.outer * sizes.length * sizes.inner;
    Array in(dtype, {n}), out(dtype, {n}), grad(dtype, {n}), in_grad(dtype, {n});
    in.fill_small(1);
    grad.fill_small(2);
    SoftmaxCall call = make_call(sizes, dtype, log);
    call.in = in.data();
    call.out = out.data();
    softmax(call);
    out.check_guards();
    auto backward = make_call<SoftmaxBackwardCall>(sizes, dtype, log);
    backward.result = out.data();
    backward.grad = grad.data();
    backward.out = in_grad.data();
    softmax_backward(backward);
    in_grad.check_guards();
    for (int64_t o = 0; o < sizes.outer; ++o) {
      for (int64_t j = 0; j < sizes.inner; ++j) {
        const auto at = [&](int64_t i) { return (o * sizes.length + i) * sizes.inner + j; };
        Value sum = 0, dot = 0, grad_sum = 0, scale = 0;
        for (int64_t i = 0; i < sizes.length; ++i) {
          sum += std::exp(in.get(at(i)));
          dot += grad.get(at(i)) * out.get(at(i));
          grad_sum += grad.get(at(i));
          scale += std::fabs(grad.get(at(i)) * (log ? 1 : out.get(at(i))));
        }
        for (int64_t i = 0; i < sizes.length; ++i) {
          const Value x = in.get(at(i)), y = out.get(at(i)), g = grad.get(at(i));
          const Value expected = log ? x - std::log(sum) : std::exp(x) / sum;
          ASSERT_NEAR(y, expected,
                      tolerance(dtype) * std::max<Value>(std::fabs(expected), log ? 1 : 1e-4L))
              << name_of(dtype) << " length " << sizes.length << " inner " << sizes.inner;
          const Value expected_grad = log ? g - std::exp(y) * grad_sum : y * (g - dot);
          ASSERT_NEAR(in_grad.get(at(i)), expected_grad,
                      tolerance(dtype) * (std::fabs(g) + (log ? std::exp(y) : y) * scale + 1e-4L));
        }
      }
    }
  }
};

TEST_P(Softmax, EveryShapeAndDType) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    for (bool log : {false, true}) {
      for (int64_t length : {1, 2, 3, 10, 16, 17, 33, 64, 100, 1031}) {
        check({3, length, 1}, dtype, log);
        check({2, length, 3}, dtype, log);
        check({1, length, 70}, dtype, log);
      }
      check({1, 40000, 1}, dtype, log);
    }
  }
}

TEST_P(Softmax, InfinitiesAndNanGiveNanRows) {
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  const float in[4][2] = {{-infinity, -infinity}, {infinity, 1}, {nan, 1}, {-infinity, 1}};
  for (bool log : {false, true}) {
    float out[4][2];
    SoftmaxCall call = make_call({4, 2, 1}, DType::kFloat32, log);
    call.in = in;
    call.out = out;
    softmax(call);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(out[i][0]) && std::isnan(out[i][1])) << i;
    EXPECT_EQ(out[3][0], log ? -infinity : 0);
    EXPECT_EQ(out[3][1], log ? 0 : 1);
  }
}

TEST_P(Softmax, LargeInputsDoNotOverflow) {
  const float in[3] = {1000, 999, -1000};
  float out[3];
  SoftmaxCall call = make_call({1, 3, 1}, DType::kFloat32, false);
  call.in = in;
  call.out = out;
  softmax(call);
  EXPECT_NEAR(out[0], 0.7310586, 1e-6);
  EXPECT_NEAR(out[1], 0.2689414, 1e-6);
  EXPECT_EQ(out[2], 0);
}

TEST_P(Softmax, EmptyAndThreaded) {
  softmax(make_call({0, 5, 1}, DType::kFloat32, false));
  softmax(make_call({5, 0, 1}, DType::kFloat32, false));
  const int before = num_threads();
  for (Sizes sizes : {Sizes{300, 301, 1}, Sizes{3, 301, 200}}) {
    const int64_t n = sizes.outer * sizes.length * sizes.inner;
    Array in(DType::kFloat32, {n}), one(DType::kFloat32, {n}), two(DType::kFloat32, {n});
    in.fill_small(3);
    SoftmaxCall call = make_call(sizes, DType::kFloat32, false);
    call.in = in.data();
    call.out = one.data();
    set_num_threads(1);
    softmax(call);
    call.out = two.data();
    set_num_threads(2);
    softmax(call);
    EXPECT_TRUE(one == two);
  }
  set_num_threads(before);
}

LIBTENSOR_EACH_TARGET(Softmax);

}  // namespace
}  // namespace libtensor::cpu
