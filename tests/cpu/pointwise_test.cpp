// Pointwise operations against plain loops: every operation, dtype and instruction set, over many
// layouts.
#include <algorithm>
#include <cmath>

#include "array.h"
#include "core/generated/functors/activation.h"
#include "core/generated/functors/arithmetic.h"
#include "core/generated/functors/compare.h"
#include "core/generated/functors/copy.h"
#include "core/generated/functors/math.h"
#include "core/generated/functors/select.h"
#include "cpu/pointwise.h"
#include "cpu/threads.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

constexpr DType kComputeDTypes[] = {DType::kBool,  DType::kUInt8, DType::kInt8,    DType::kInt16,
                                    DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64};

__extension__ using Int128 = __int128;

// An integer result as the dtype keeps it.
template <class T>
T wrap(Int128 value) {
  return static_cast<T>(value);
}

template <class T>
T integer_power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? T(1) : base == T(-1) ? (exponent % 2 ? T(-1) : T(1)) : T(0);
  T result = 1;
  for (T i = 0; i < exponent; ++i) result = wrap<T>(Int128(result) * base);
  return result;
}

// What an operation gives for numbers of type T. Written apart from the functors on purpose.
template <class T>
T expected_arithmetic(PointwiseOp op, T a, T b, T c) {
  constexpr bool kInteger = std::is_integral_v<T>;
  const bool nan_a = a != a, nan_b = b != b;
  switch (op) {
    case functor::kCopy:
      return a;
    case functor::kAdd:
      if constexpr (std::is_same_v<T, bool>)
        return a || b;
      else if constexpr (kInteger)
        return wrap<T>(Int128(a) + b);
      else
        return a + b;
    case functor::kSub:
      if constexpr (kInteger)
        return wrap<T>(Int128(a) - b);
      else
        return a - b;
    case functor::kMul:
      if constexpr (kInteger)
        return wrap<T>(Int128(a) * b);
      else
        return a * b;
    case functor::kDiv:
      if constexpr (!kInteger) return a / b;
      break;
    case functor::kReciprocal:
      if constexpr (!kInteger) return 1 / a;
      break;
    case functor::kNeg:
      if constexpr (kInteger)
        return wrap<T>(-Int128(a));
      else
        return -a;
    case functor::kAbs:
      if constexpr (kInteger)
        return a < T(0) ? wrap<T>(-Int128(a)) : a;
      else
        return std::fabs(a);
    case functor::kSign:
      return a > T(0) ? T(1) : a < T(0) ? T(-1) : T(0);
    case functor::kMaximum:
      return nan_a ? a : nan_b ? b : std::max(a, b);
    case functor::kMinimum:
      return nan_a ? a : nan_b ? b : std::min(a, b);
    case functor::kRelu:
      return nan_a ? a : std::max(a, T(0));
    case functor::kThresholdBackward:
      return b <= T(0) ? T(0) : a;
    case functor::kSquaredDifference:
      if constexpr (kInteger) {
        const T difference = wrap<T>(Int128(a) - b);
        return wrap<T>(Int128(difference) * difference);
      }
      if constexpr (!kInteger) return (a - b) * (a - b);
      break;
    case functor::kWhere:
      return a != T(0) ? b : c;
    case functor::kEq:
      return a == b;
    case functor::kNe:
      return a != b;
    case functor::kLt:
      return a < b;
    case functor::kLe:
      return a <= b;
    case functor::kGt:
      return a > b;
    case functor::kGe:
      return a >= b;
    case functor::kPow:
      if constexpr (kInteger && !std::is_same_v<T, bool>) return integer_power(a, b);
      break;
    default:
      break;
  }
  ADD_FAILURE() << "no expectation for operation " << static_cast<int>(op);
  return T(0);
}

struct Op {
  PointwiseOp op;
  int inputs;
};
// Those whose results are exact; the others are in math_test.cpp.
constexpr Op kOps[] = {{functor::kCopy, 1},
                       {functor::kAdd, 2},
                       {functor::kSub, 2},
                       {functor::kMul, 2},
                       {functor::kDiv, 2},
                       {functor::kReciprocal, 1},
                       {functor::kNeg, 1},
                       {functor::kAbs, 1},
                       {functor::kSign, 1},
                       {functor::kMaximum, 2},
                       {functor::kMinimum, 2},
                       {functor::kRelu, 1},
                       {functor::kEq, 2},
                       {functor::kNe, 2},
                       {functor::kLt, 2},
                       {functor::kLe, 2},
                       {functor::kGt, 2},
                       {functor::kGe, 2},
                       {functor::kWhere, 3},
                       {functor::kPow, 2},
                       {functor::kThresholdBackward, 2},
                       {functor::kSquaredDifference, 2}};

Value convert_value(DType from, DType to, Value value) {
  return dispatch(from, [&](auto from_tag) -> Value {
    return dispatch(to, [&](auto to_tag) -> Value {
      unsigned char a[8] = {}, b[8] = {};
      store_value(from, a, value);
      using From = typename decltype(from_tag)::type;
      using To = typename decltype(to_tag)::type;
      From source;
      std::memcpy(&source, a, sizeof source);
      const To result = convert<To>(source);
      std::memcpy(b, &result, sizeof result);
      return load_value(to, b);
    });
  });
}

Value expected_value(PointwiseOp op, DType compute, DType result, const Value* in) {
  return dispatch(compute, [&](auto tag) -> Value {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_arithmetic_v<T>) {
      const T value = expected_arithmetic<T>(op, static_cast<T>(in[0]), static_cast<T>(in[1]),
                                             static_cast<T>(in[2]));
      return convert_value(kernels.pointwise[op].returns_bool ? DType::kBool : compute, result,
                           static_cast<Value>(value));
    }
    return 0;
  });
}

PointwiseCall make_call(PointwiseOp op, DType compute, Array& out, const std::vector<Array*>& in) {
  PointwiseCall call;
  call.op = op;
  call.compute = compute;
  call.ndim = out.shape().size();
  call.shape = out.shape().data();
  call.numel = out.numel();
  call.input_count = static_cast<int>(in.size());
  call.out = out.operand();
  const DType result = kernels.pointwise[op].returns_bool ? DType::kBool : compute;
  call.contiguous = out.dtype() == result && is_contiguous(out.shape(), out.strides());
  for (size_t k = 0; k < in.size(); ++k) {
    call.in[k] = in[k]->operand();
    call.contiguous = call.contiguous && in[k]->dtype() == compute &&
                      is_contiguous(in[k]->shape(), in[k]->strides());
  }
  return call;
}

void expect_right(PointwiseOp op, DType compute, Array& out, const std::vector<Array*>& in) {
  std::vector<Value> expected;
  for (int64_t i = 0; i < out.numel(); ++i) {
    Value values[3] = {};
    for (size_t k = 0; k < in.size(); ++k)
      values[k] = convert_value(in[k]->dtype(), compute, in[k]->get(i));
    expected.push_back(expected_value(op, compute, out.dtype(), values));
  }
  pointwise(make_call(op, compute, out, in));
  for (int64_t i = 0; i < out.numel(); ++i) {
    ASSERT_TRUE(same_value(out.get(i), expected[i]))
        << "operation " << static_cast<int>(op) << " in " << name_of(compute) << " to "
        << name_of(out.dtype()) << ", shape " << out.shape() << ", element " << i << ": "
        << out.get(i) << ", expected " << expected[i];
  }
  out.check_guards();
}

bool supports(PointwiseOp op, DType compute) {
  return kernels.pointwise[op].kernels[static_cast<int>(compute)] != nullptr;
}

class Pointwise : public EachTarget {};

TEST_P(Pointwise, EveryOperationOverContiguousElements) {
  for (const Op& op : kOps) {
    for (DType compute : kComputeDTypes) {
      if (!supports(op.op, compute) || (op.op == functor::kPow && is_floating(compute))) continue;
      const DType result = kernels.pointwise[op.op].returns_bool ? DType::kBool : compute;
      for (int64_t n : {0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 65, 130, 1025}) {
        Array out(result, {n}), a(compute, {n}), b(compute, {n}), c(compute, {n});
        a.fill_extreme(1);
        if (op.op == functor::kPow)
          b.fill_small(2);
        else
          b.fill_extreme(2);
        c.fill_extreme(3);
        std::vector<Array*> in{&a, &b, &c};
        in.resize(op.inputs);
        expect_right(op.op, compute, out, in);
        if (result != compute) continue;
        Array expected = out;
        PointwiseCall in_place = make_call(op.op, compute, a, in);
        pointwise(in_place);
        for (int64_t i = 0; i < n; ++i)
          ASSERT_TRUE(same_value(a.get(i), expected.get(i))) << "in place";
      }
    }
  }
}

// Strides of `shape` with its dims laid out in the order of `order`, outermost first.
Dims permuted_strides(const Dims& shape, const Dims& order) {
  Dims strides(shape.size());
  int64_t stride = 1;
  for (int i = order.size() - 1; i >= 0; --i) {
    strides[static_cast<int>(order[i])] = stride;
    stride *= shape[static_cast<int>(order[i])];
  }
  return strides;
}

struct Layout {
  Dims shape, out, a, b;
};
std::vector<Layout> layouts() {
  std::vector<Layout> result;
  for (const Dims& shape :
       {Dims{7, 5}, Dims{70, 66}, Dims{1000, 3}, Dims{3, 1000}, Dims{2, 3000}, Dims{33, 40}}) {
    const int64_t m = shape[0], n = shape[1];
    const Dims rows{n, 1}, columns{1, m}, padded{n + 3, 1}, spread{2 * n, 2};
    result.push_back({shape, rows, rows, {0, 1}});
    result.push_back({shape, rows, rows, {1, 0}});
    result.push_back({shape, rows, rows, {0, 0}});
    result.push_back({shape, rows, columns, rows});
    result.push_back({shape, columns, rows, rows});
    result.push_back({shape, columns, columns, columns});
    result.push_back({shape, padded, rows, padded});
    result.push_back({shape, padded, spread, columns});
    result.push_back({shape, spread, {0, 1}, {1, 0}});
    result.push_back({shape, rows, {1, 1}, {2, 1}});  // overlapping windows
  }
  const Dims shape{6, 5, 4, 35};
  result.push_back({shape, permuted_strides(shape, {0, 1, 2, 3}),
                    permuted_strides(shape, {3, 1, 2, 0}), permuted_strides(shape, {0, 2, 1, 3})});
  result.push_back({shape,
                    permuted_strides(shape, {2, 0, 3, 1}),
                    permuted_strides(shape, {0, 1, 2, 3}),
                    {0, 1, 0, 5}});
  result.push_back({{2, 1, 3}, {3, 3, 1}, {3, 9, 1}, {0, 0, 0}});
  result.push_back({{}, {}, {}, {}});
  result.push_back({{4, 0, 3}, {0, 3, 1}, {0, 3, 1}, {0, 0, 1}});
  result.push_back(
      {Dims(20, 2), contiguous_strides(Dims(12, 2)), contiguous_strides(Dims(12, 2)), Dims(12, 0)});
  result.back().shape = Dims(12, 2);
  return result;
}

TEST_P(Pointwise, StridedAndBroadcastOperands) {
  for (const Layout& layout : layouts()) {
    for (DType dtype :
         {DType::kFloat32, DType::kInt64, DType::kInt16, DType::kUInt8, DType::kFloat64}) {
      Array out(dtype, layout.shape, layout.out), a(dtype, layout.shape, layout.a),
          b(dtype, layout.shape, layout.b);
      a.fill_small(4);
      b.fill_small(5);
      expect_right(functor::kSub, dtype, out, {&a, &b});
      expect_right(functor::kCopy, dtype, out, {&a});
      Array flags(DType::kBool, layout.shape, layout.out);
      expect_right(functor::kLt, dtype, flags, {&a, &b});
      expect_right(functor::kWhere, dtype, out, {&flags, &b, &a});
      if (is_non_overlapping(layout.shape, layout.a))
        expect_right(functor::kSub, dtype, a, {&a, &b});
    }
  }
}

TEST_P(Pointwise, ConvertsBetweenAllDTypes) {
  for (const Layout& layout :
       {Layout{{1, 37}, {37, 1}, {37, 1}, {37, 1}}, Layout{{40, 33}, {33, 1}, {1, 40}, {0, 1}},
        Layout{{1500}, {2}, {1}, {0}}}) {
    for (int from = 1; from < kDTypeCount; ++from) {
      for (int to = 1; to < kDTypeCount; ++to) {
        const DType source = static_cast<DType>(from), target = static_cast<DType>(to);
        Array a(source, layout.shape, layout.a), b(source, layout.shape, layout.b),
            out(target, layout.shape, layout.out);
        if (is_floating(source))
          a.fill_small(6);
        else
          a.fill_extreme(6);
        b.fill_small(7);
        expect_right(functor::kCopy, compute_dtype(target), out, {&a});
        expect_right(functor::kMaximum, compute_dtype(target), out, {&a, &b});
      }
    }
  }
}

TEST_P(Pointwise, AddScaledRoundsAtMostTwice) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt32}) {
    Array out(dtype, {77}), a(dtype, {77}), b(dtype, {77});
    a.fill_small(8);
    b.fill_small(9);
    const Scalar alpha = 3;
    PointwiseCall call = make_call(functor::kAddScaled, dtype, out, {&a, &b});
    call.parameters = &alpha;
    pointwise(call);
    for (int64_t i = 0; i < 77; ++i) EXPECT_EQ(out.get(i), a.get(i) + 3 * b.get(i));
    call.op = functor::kSubScaled;
    pointwise(call);
    for (int64_t i = 0; i < 77; ++i) EXPECT_EQ(out.get(i), a.get(i) - 3 * b.get(i));
  }
}

TEST_P(Pointwise, AnyNonzeroByteIsTrue) {
  const unsigned char bytes[] = {0, 1, 2, 255, 128, 0, 7, 0, 3};
  unsigned char flags[9];
  std::memcpy(flags, bytes, 9);
  bool out[9];
  const int64_t shape[] = {9}, strides[] = {1};
  PointwiseCall call;
  call.op = functor::kMul;
  call.compute = DType::kBool;
  call.ndim = 1;
  call.shape = shape;
  call.numel = 9;
  call.contiguous = true;
  call.input_count = 2;
  call.out = {out, DType::kBool, strides};
  call.in[0] = call.in[1] = {flags, DType::kBool, strides};
  pointwise(call);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(out[i], bytes[i] != 0);
  float values[9];
  call.op = functor::kCopy;
  call.compute = DType::kFloat32;
  call.contiguous = false;
  call.input_count = 1;
  call.out = {values, DType::kFloat32, strides};
  pointwise(call);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(values[i], bytes[i] ? 1.0f : 0.0f);
}

// Such results go past the caches by blocks, but for an end that is no whole line; not those that
// begin within a line, or overwrite an input.
TEST_P(Pointwise, ResultsTooLargeForTheCaches) {
  const int before = num_threads();
  set_num_threads(1);
  constexpr int64_t kBytes = int64_t{16} << 20, kSpare = 64;
  for (const int64_t extra : {0, 13, 64, 64 + 1, 1024 * 3 + 900}) {
    const int64_t n = kBytes / static_cast<int64_t>(sizeof(float)) + extra;
    std::vector<float> in(n + kSpare), out(n + 2 * kSpare);
    for (int64_t i = 0; i < n; ++i) in[i] = static_cast<float>(i % 9973);
    const auto line = (reinterpret_cast<uintptr_t>(out.data()) + 63) / 64 * 64;
    for (const int64_t offset : {0, 1}) {
      float* const result = reinterpret_cast<float*>(line) + offset;
      const int64_t stride = 1;
      PointwiseCall call{.op = functor::kAdd, .compute = DType::kFloat32, .ndim = 1};
      call.shape = &n;
      call.numel = n;
      call.contiguous = true;
      call.input_count = 2;
      call.in[0] = call.in[1] = {in.data(), DType::kFloat32, &stride};
      call.out = {result, DType::kFloat32, &stride};
      result[n] = -1;
      pointwise(call);
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(result[i], 2 * in[i]) << i << " of " << n;
      EXPECT_EQ(result[n], -1);
      call.in[0].data = result;
      pointwise(call);
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(result[i], 3 * in[i]) << i << " of " << n;
    }
  }
  set_num_threads(before);
}

TEST_P(Pointwise, ThreadsChangeNothing) {
  const int before = num_threads();
  const int64_t n = 300001;
  Array a(DType::kFloat32, {n}), one(DType::kFloat32, {n}), two(DType::kFloat32, {n});
  a.fill_extreme(10);
  for (int strided = 0; strided < 2; ++strided) {
    PointwiseCall call = make_call(functor::kTanh, DType::kFloat32, one, {&a});
    call.contiguous = strided == 0;
    set_num_threads(1);
    pointwise(call);
    call.out = two.operand();
    set_num_threads(2);
    pointwise(call);
    EXPECT_TRUE(one == two);
  }
  set_num_threads(before);
}

LIBTENSOR_EACH_TARGET(Pointwise);

}  // namespace
}  // namespace libtensor::cpu
