// Reductions against plain loops in long double, over many layouts; and that threads change no
// bits.
#include <cmath>

#include "array.h"
#include "cpu/reduce.h"
#include "cpu/threads.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

constexpr DType kDTypes[] = {DType::kBool,    DType::kUInt8,  DType::kInt8,    DType::kInt16,
                             DType::kInt32,   DType::kInt64,  DType::kFloat16, DType::kBFloat16,
                             DType::kFloat32, DType::kFloat64};

// Which output the i-th element, in logical order, is reduced into.
int64_t output_of(const Dims& shape, uint64_t reduced, int64_t i) {
  int64_t output = 0, weight = 1;
  for (int d = shape.size() - 1; d >= 0; i /= shape[d--]) {
    if (reduced >> d & 1) continue;
    output += i % shape[d] * weight;
    weight *= shape[d];
  }
  return output;
}

std::vector<std::vector<Value>> elements_of_outputs(const Array& in, uint64_t reduced) {
  std::vector<std::vector<Value>> elements;
  for (int64_t i = 0; i < in.numel(); ++i) {
    const size_t output = static_cast<size_t>(output_of(in.shape(), reduced, i));
    if (output >= elements.size()) elements.resize(output + 1);
    elements[output].push_back(in.get(i));
  }
  return elements;
}

struct Expected {
  Value value = 0, magnitude = 0;  // magnitude: the sum of absolute values, to judge rounding by
  int64_t position = 0;
};

// Fills `expected` by a walk over the input in logical order.
std::vector<Expected> expect(ReduceOp op, const Array& in, uint64_t reduced) {
  const Dims& shape = in.shape();
  int64_t outputs = 1, count = 1;
  for (int i = 0; i < shape.size(); ++i) (reduced >> i & 1 ? count : outputs) *= shape[i];
  std::vector<Expected> expected(outputs);
  std::vector<int64_t> seen(outputs, 0);
  const bool is_max = op == ReduceOp::kMax || op == ReduceOp::kArgMax || op == ReduceOp::kMaxIndex;
  const bool is_sum = op == ReduceOp::kSum || op == ReduceOp::kMean;
  for (auto& e : expected) e.value = op == ReduceOp::kAll ? 1 : 0;
  for (int64_t i = 0; i < in.numel(); ++i) {
    const int64_t output = output_of(shape, reduced, i);
    Expected& e = expected[output];
    const Value x = in.get(i);
    const int64_t position = seen[output]++;
    if (is_sum) {
      e.value += x;
      e.magnitude += std::fabs(x);
    } else if (op == ReduceOp::kAny) {
      e.value = e.value != 0 || x != 0;
    } else if (op == ReduceOp::kAll) {
      e.value = e.value != 0 && x != 0;
    } else if (position == 0 ||
               (e.value == e.value && (x != x || (is_max ? x > e.value : x < e.value)))) {
      e.value = x;
      e.position = position;
    }
  }
  if (op == ReduceOp::kMean) {
    for (auto& e : expected) e.value /= count, e.magnitude /= count;
  }
  return expected;
}

DType result_dtype(ReduceOp op, DType in) {
  switch (op) {
    case ReduceOp::kSum:
      return is_floating(in) ? in : DType::kInt64;
    case ReduceOp::kArgMax:
    case ReduceOp::kArgMin:
      return DType::kInt64;
    case ReduceOp::kAny:
    case ReduceOp::kAll:
      return DType::kBool;
    default:
      return in;
  }
}

Value epsilon(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return 0x1p-11L;
    case DType::kBFloat16:
      return 0x1p-8L;
    case DType::kFloat32:
      return 0x1p-24L;
    case DType::kFloat64:
      return 0x1p-53L;
    default:
      return 0;
  }
}

struct Result {
  Array out, second;
};

Result run(ReduceOp op, Array& in, uint64_t reduced, DType out_dtype, bool transposed_out = false,
           DType second_dtype = DType::kInt64, double correction = 0) {
  Dims kept;
  for (int i = 0; i < in.shape().size(); ++i) {
    if (!(reduced >> i & 1)) kept.push_back(in.shape()[i]);
  }
  Dims kept_strides = contiguous_strides(kept);
  if (transposed_out) {
    int64_t stride = 1;
    for (int i = 0; i < kept.size(); ++i)
      kept_strides[i] = stride, stride *= std::max<int64_t>(kept[i], 1);
  }
  Result result{Array(out_dtype, kept, kept_strides), Array(second_dtype, kept, kept_strides)};
  Dims strides(in.shape().size(), 0);
  for (int i = 0, k = 0; i < in.shape().size(); ++i) {
    if (!(reduced >> i & 1)) strides[i] = kept_strides[k++];
  }
  ReduceCall call;
  call.op = op;
  call.ndim = in.shape().size();
  call.shape = in.shape().data();
  call.reduced = reduced;
  call.in = in.operand();
  call.out = {result.out.data(), out_dtype, strides.data()};
  if (op != ReduceOp::kVar || second_dtype != DType::kInt64)
    call.second = {result.second.data(), second_dtype, strides.data()};
  call.correction = correction;
  reduce(call);
  result.out.check_guards();
  result.second.check_guards();
  return result;
}

void check(ReduceOp op, Array& in, uint64_t reduced, bool transposed_out = false) {
  const DType out_dtype = result_dtype(op, in.dtype());
  const std::vector<Expected> expected = expect(op, in, reduced);
  const Result result = run(op, in, reduced, out_dtype, transposed_out);
  const bool position_only = op == ReduceOp::kArgMax || op == ReduceOp::kArgMin;
  for (int64_t i = 0; i < result.out.numel(); ++i) {
    const Expected& e = expected[i];
    const Value got = result.out.get(i);
    const auto where = [&] {
      return str("operation ", static_cast<int>(op), " of ", name_of(in.dtype()), in.shape(),
                 " strides ", in.strides(), " dims ", reduced, " output ", i, ": ",
                 static_cast<double>(got), ", expected ", static_cast<double>(e.value), " at ",
                 e.position);
    };
    if (op == ReduceOp::kSum || op == ReduceOp::kMean) {
      if (!is_floating(out_dtype) || e.value != e.value) {
        ASSERT_TRUE(same_value(got, e.value)) << where();
      } else {
        const DType work = compute_dtype(out_dtype);
        const Value bound =
            24 * epsilon(work) * e.magnitude + 2 * epsilon(out_dtype) * std::fabs(e.value);
        ASSERT_LE(std::fabs(got - e.value), bound) << where();
      }
    } else if (position_only) {
      ASSERT_EQ(got, e.position) << where();
    } else {
      ASSERT_TRUE(same_value(got, e.value)) << where();
      if (op == ReduceOp::kMaxIndex || op == ReduceOp::kMinIndex) {
        ASSERT_EQ(result.second.get(i), e.position) << where();
      }
    }
  }
}

struct Case {
  Dims shape, strides;
  uint64_t reduced;
};
std::vector<Case> cases() {
  std::vector<Case> result;
  for (int64_t n : {1, 2, 31, 63, 64, 65, 127, 1000, 1024, 1025, 5000, 70000}) {
    result.push_back({{n}, {1}, 1});
    result.push_back({{n}, {3}, 1});
  }
  for (const Dims& shape :
       {Dims{3, 5}, Dims{70, 40}, Dims{300, 3}, Dims{3, 300}, Dims{129, 130}, Dims{2100, 5}}) {
    const int64_t m = shape[0], n = shape[1];
    for (uint64_t reduced : {1, 2, 3, 0}) {
      result.push_back({shape, {n, 1}, reduced});
      result.push_back({shape, {1, m}, reduced});
      result.push_back({shape, {2 * n + 1, 2}, reduced});
      result.push_back({shape, {0, 1}, reduced});
    }
  }
  for (uint64_t reduced = 0; reduced < 16; ++reduced) {
    result.push_back({{5, 4, 33, 6}, {792, 198, 6, 1}, reduced});
    result.push_back({{5, 4, 33, 6}, {1, 5, 20, 660}, reduced});
    result.push_back({{5, 1, 33, 6}, {33, 1, 1, 165}, reduced});
  }
  return result;
}

class Reduce : public EachTarget {};

TEST_P(Reduce, EveryOperationAndLayout) {
  constexpr ReduceOp kOps[] = {ReduceOp::kSum, ReduceOp::kMean,   ReduceOp::kMax,
                               ReduceOp::kMin, ReduceOp::kArgMax, ReduceOp::kArgMin,
                               ReduceOp::kAny, ReduceOp::kAll};
  uint32_t seed = 0;
  for (const Case& c : cases()) {
    for (DType dtype : {DType::kFloat32, DType::kInt32, DType::kFloat16}) {
      Array in(dtype, c.shape, c.strides);
      in.fill_small(++seed);
      for (ReduceOp op : kOps) {
        if (op == ReduceOp::kMean && !is_floating(dtype)) continue;
        check(op, in, c.reduced, seed % 2);
      }
    }
  }
}

TEST_P(Reduce, EveryDType) {
  for (DType dtype : kDTypes) {
    for (uint64_t reduced : {1, 2, 3}) {
      for (int extreme = 0; extreme < 2; ++extreme) {
        Array in(dtype, {37, 70});
        if (extreme)
          in.fill_extreme(11);
        else
          in.fill_small(11);
        for (ReduceOp op : {ReduceOp::kMax, ReduceOp::kMin, ReduceOp::kArgMax, ReduceOp::kArgMin,
                            ReduceOp::kAny, ReduceOp::kAll}) {
          check(op, in, reduced);
        }
        if (reduced != 3) check(ReduceOp::kMaxIndex, in, reduced);
        if (reduced != 3) check(ReduceOp::kMinIndex, in, reduced);
        if (!extreme) check(ReduceOp::kSum, in, reduced);
        if (!extreme && is_floating(dtype)) check(ReduceOp::kMean, in, reduced);
      }
    }
  }
}

TEST_P(Reduce, IntegerSumsWrapAround) {
  Array in(DType::kInt64, {3});
  in.set(0, std::numeric_limits<int64_t>::max());
  in.set(1, 1);
  in.set(2, 5);
  EXPECT_EQ(run(ReduceOp::kSum, in, 1, DType::kInt64).out.get(0),
            std::numeric_limits<int64_t>::min() + 5.0L);
}

TEST_P(Reduce, SumInAnotherDType) {
  Array in(DType::kFloat16, {5000});
  in.fill_small(12);
  Value sum = 0;
  for (int64_t i = 0; i < 5000; ++i) sum += in.get(i);
  EXPECT_EQ(run(ReduceOp::kSum, in, 1, DType::kFloat32).out.get(0), sum);
  EXPECT_EQ(run(ReduceOp::kSum, in, 1, DType::kFloat64).out.get(0), sum);
}

// Of the elements of one output: the variance with a correction of 1, and the mean.
std::pair<Value, Value> variance_of(const std::vector<Value>& elements) {
  const Value count = static_cast<Value>(elements.size());
  Value sum = 0, squares = 0;
  for (Value x : elements) sum += x;
  const Value mean = sum / count;
  for (Value x : elements) squares += (x - mean) * (x - mean);
  return {squares / std::max<Value>(count - 1, 0), mean};
}

TEST_P(Reduce, VariancesDeviationsAndMeans) {
  uint32_t seed = 0;
  for (const Case& c : cases()) {
    Array in(DType::kFloat64, c.shape, c.strides);
    std::mt19937 random(++seed);
    for (int64_t i = 0; i < in.numel(); ++i) in.set(i, 1000 + random() % 64 / 4.0L);
    std::vector<std::vector<Value>> elements = elements_of_outputs(in, c.reduced);
    for (ReduceOp op : {ReduceOp::kVar, ReduceOp::kStd}) {
      const Result result = run(op, in, c.reduced, DType::kFloat64, seed % 2, DType::kFloat64, 1.0);
      for (size_t i = 0; i < elements.size(); ++i) {
        const auto [variance, mean] = variance_of(elements[i]);
        const Value expected = op == ReduceOp::kStd ? std::sqrt(variance) : variance;
        const Value got = result.out.get(static_cast<int64_t>(i));
        ASSERT_TRUE(same_value(got, expected) || std::fabs(got - expected) <= 1e-12L * expected)
            << c.shape << c.strides << c.reduced << " output " << i << ": "
            << static_cast<double>(got) << ", expected " << static_cast<double>(expected);
        ASSERT_LE(std::fabs(result.second.get(static_cast<int64_t>(i)) - mean), 1e-12L * mean);
      }
    }
  }
}

TEST_P(Reduce, EmptyReductions) {
  Array in(DType::kFloat32, {3, 0}), flags(DType::kBool, {0});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(ReduceOp::kSum, in, 2, DType::kFloat32).out.get(i), 0);
    EXPECT_TRUE(std::isnan(run(ReduceOp::kMean, in, 2, DType::kFloat32).out.get(i)));
  }
  EXPECT_EQ(run(ReduceOp::kSum, in, 1, DType::kFloat32).out.numel(), 0);
  EXPECT_EQ(run(ReduceOp::kAny, flags, 1, DType::kBool).out.get(0), 0);
  EXPECT_EQ(run(ReduceOp::kAll, flags, 1, DType::kBool).out.get(0), 1);
  Array scalar(DType::kFloat32, Dims{});
  scalar.set(0, 7);
  EXPECT_EQ(run(ReduceOp::kSum, scalar, 0, DType::kFloat32).out.get(0), 7);
  EXPECT_EQ(run(ReduceOp::kArgMax, scalar, 0, DType::kInt64).out.get(0), 0);
}

TEST_P(Reduce, ThreadsChangeNoBits) {
  const int before = num_threads();
  for (const Case& c :
       {Case{{1000003}, {1}, 1}, Case{{1000, 700}, {700, 1}, 1}, Case{{1000, 700}, {700, 1}, 2},
        Case{{300000, 3}, {3, 1}, 1}, Case{{40, 50, 200}, {1, 8000, 40}, 5}}) {
    Array in(DType::kFloat32, c.shape, c.strides);
    std::mt19937 random(13);
    for (int64_t i = 0; i < in.numel(); ++i)
      in.set(i, std::ldexp(random() / 0x1p32L - 0.3L, random() % 20));
    for (ReduceOp op :
         {ReduceOp::kSum, ReduceOp::kMean, ReduceOp::kMax, ReduceOp::kArgMin, ReduceOp::kVar}) {
      set_num_threads(1);
      const Array one = run(op, in, c.reduced, result_dtype(op, DType::kFloat32)).out;
      for (int threads : {2, 3, 7}) {
        set_num_threads(threads);
        EXPECT_TRUE(one == run(op, in, c.reduced, result_dtype(op, DType::kFloat32)).out)
            << c.shape << threads;
      }
    }
  }
  set_num_threads(before);
}

LIBTENSOR_EACH_TARGET(Reduce);

}  // namespace
}  // namespace libtensor::cpu
