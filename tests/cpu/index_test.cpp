// gather, scatter, index_select, index_add, and the negative log likelihood loss, against plain
// loops.
#include "core/calls/index.h"

#include <cmath>

#include "array.h"
#include "core/calls/arange.h"
#include "core/calls/gather.h"
#include "core/calls/nll_loss.h"
#include "core/kernel_registry.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr DType kDTypes[] = {DType::kBool,    DType::kUInt8,  DType::kInt8,    DType::kInt16,
                             DType::kInt32,   DType::kInt64,  DType::kFloat16, DType::kBFloat16,
                             DType::kFloat32, DType::kFloat64};

template <class F>
void expect_error(Status status, const std::string& message, F body) {
  try {
    body();
    ADD_FAILURE() << "no error: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status);
    EXPECT_EQ(error.message(), message);
  }
}

Array random_index(DType dtype, Dims shape, Dims strides, int64_t limit) {
  Array index(dtype, shape, strides);
  std::mt19937 random(5);
  for (int64_t i = 0; i < index.numel(); ++i) index.set(i, random() % limit);
  return index;
}

// The row-major number of the element of `shape` that element i of `index_shape` names along `dim`.
int64_t named_element(const Dims& shape, const Dims& index_shape, int dim, int64_t i,
                      int64_t index) {
  int64_t result = 0, weight = 1;
  for (int d = shape.size() - 1; d >= 0; --d) {
    result += (d == dim ? index : i % index_shape[d]) * weight;
    i /= index_shape[d];
    weight *= shape[d];
  }
  return result;
}

template <class Call>
Call gather_call(Array& self, Array& index, Array& other, int dim) {
  Call call;
  call.ndim = index.shape().size();
  call.dim = dim;
  call.shape = index.shape().data();
  call.dim_size = self.shape().size() ? self.shape()[dim] : 1;
  call.self = self.operand();
  call.index = index.operand();
  call.other = other.operand();
  return call;
}

void scatter(Array& self, Array& index, Array& source, int dim, ScatterMode mode) {
  auto call = gather_call<ScatterCall>(self, index, source, dim);
  call.mode = mode;
  run_kernel(Device{}, call);
}

Value added(DType dtype, Value a, Value b) {
  if (dtype == DType::kBool) return a != 0 || b != 0;
  unsigned char bytes[8];
  if (is_floating(dtype)) {
    store_value(dtype, bytes, a + b);
  } else {
    Scalar(static_cast<int64_t>(a) + static_cast<int64_t>(b)).store(dtype, bytes);
  }
  return load_value(dtype, bytes);
}

TEST(Gather, EveryDTypeAndDim) {
  for (DType dtype : kDTypes) {
    for (int dim = 0; dim < 3; ++dim) {
      const Dims shape{7, 6, 5}, index_shape = dim == 0   ? Dims{9, 6, 4}
                                               : dim == 1 ? Dims{7, 11, 5}
                                                          : Dims{3, 6, 200};
      Array self(dtype, shape, {1, 7, 42}), out(dtype, index_shape),
          index =
              random_index(DType::kInt64, index_shape, contiguous_strides(index_shape), shape[dim]);
      self.fill_small(1);
      run_kernel(Device{}, gather_call<GatherCall>(self, index, out, dim));
      out.check_guards();
      for (int64_t i = 0; i < out.numel(); ++i) {
        const int64_t from =
            named_element(shape, index_shape, dim, i, static_cast<int64_t>(index.get(i)));
        ASSERT_EQ(out.get(i), self.get(from));
      }
    }
  }
}

TEST(Scatter, AssignsTheLastAndAddsAll) {
  const int before = num_threads();
  for (DType dtype : kDTypes) {
    for (int threads : {1, 2}) {
      for (int dim = 0; dim < 2; ++dim) {
        const Dims shape{6, 300}, index_shape = dim == 0 ? Dims{90, 300} : Dims{6, 400};
        Array index =
            random_index(DType::kInt64, index_shape, contiguous_strides(index_shape), shape[dim]);
        Array source(dtype, index_shape), assigned(dtype, shape), sums(dtype, shape);
        source.fill_small(2);
        assigned.fill_small(3);
        sums.fill_small(4);
        std::vector<Value> expected_assigned, expected_sums;
        for (int64_t i = 0; i < sums.numel(); ++i) {
          expected_assigned.push_back(assigned.get(i));
          expected_sums.push_back(sums.get(i));
        }
        for (int64_t i = 0; i < source.numel(); ++i) {
          const int64_t to =
              named_element(shape, index_shape, dim, i, static_cast<int64_t>(index.get(i)));
          expected_assigned[to] = source.get(i);
          expected_sums[to] = added(dtype, expected_sums[to], source.get(i));
        }
        set_num_threads(threads);
        scatter(assigned, index, source, dim, ScatterMode::kAssign);
        scatter(sums, index, source, dim, ScatterMode::kAdd);
        assigned.check_guards();
        sums.check_guards();
        for (int64_t i = 0; i < sums.numel(); ++i) {
          ASSERT_EQ(assigned.get(i), expected_assigned[i]) << name_of(dtype) << i;
          ASSERT_EQ(sums.get(i), expected_sums[i]) << name_of(dtype) << i;
        }
      }
    }
  }
  set_num_threads(before);
}

TEST(Scatter, ChecksEveryIndexFirst) {
  Array self(DType::kFloat32, {4}), source(DType::kFloat32, {3}), index(DType::kInt64, {3});
  self.fill_small(1);
  source.fill_small(2);
  const Array before = self;
  for (int64_t bad : {4, -1}) {
    index.set(0, 1);
    index.set(1, 0);
    index.set(2, bad);
    const std::string message = str("index ", bad, " is out of bounds for dimension 0 with size 4");
    expect_error(Status::kInvalidArgument, message,
                 [&] { scatter(self, index, source, 0, ScatterMode::kAdd); });
    expect_error(Status::kInvalidArgument, message,
                 [&] { run_kernel(Device{}, gather_call<GatherCall>(self, index, source, 0)); });
    EXPECT_TRUE(self == before);
  }
}

TEST(Gather, ScalarsAndEmpty) {
  Array self(DType::kFloat32, Dims{}), index(DType::kInt64, Dims{}), out(DType::kFloat32, Dims{});
  self.set(0, 3);
  index.set(0, 0);
  run_kernel(Device{}, gather_call<GatherCall>(self, index, out, 0));
  EXPECT_EQ(out.get(0), 3);
  Array none(DType::kInt64, {0, 4}), empty(DType::kFloat32, {0, 4}), some(DType::kFloat32, {3, 4});
  run_kernel(Device{}, gather_call<GatherCall>(some, none, empty, 0));
}

template <class Call>
Call index_call(Array& self, Array& index, Array& other, int dim) {
  Call call;
  call.ndim = other.shape().size();
  call.dim = dim;
  call.shape = other.shape().data();
  call.dim_size = self.shape().size() ? self.shape()[dim] : 1;
  call.index_stride = index.strides()[0];
  call.self = self.operand();
  call.index = index.operand();
  call.other = other.operand();
  return call;
}

TEST(IndexRows, SelectAndAdd) {
  for (DType dtype : kDTypes) {
    for (int dim = 0; dim < 3; ++dim) {
      const Dims shape{6, 5, 4};
      Dims other_shape = shape;
      other_shape[dim] = 13;
      Array self(dtype, shape, {1, 24, 6}), out(dtype, other_shape);
      Array index = random_index(dim == 1 ? DType::kInt32 : DType::kInt64, {13}, {2}, shape[dim]);
      self.fill_small(1);
      run_kernel(Device{}, index_call<IndexSelectCall>(self, index, out, dim));
      out.check_guards();
      std::vector<Value> sums;
      for (int64_t i = 0; i < self.numel(); ++i) sums.push_back(self.get(i));
      for (int64_t i = 0; i < out.numel(); ++i) {
        int64_t position = i;
        for (int d = 2; d > dim; --d) position /= other_shape[d];
        const int64_t from = named_element(shape, other_shape, dim, i,
                                           static_cast<int64_t>(index.get(position % 13)));
        ASSERT_EQ(out.get(i), self.get(from)) << name_of(dtype);
        sums[from] = added(dtype, sums[from], out.get(i));
      }
      run_kernel(Device{}, index_call<IndexAddCall>(self, index, out, dim));
      self.check_guards();
      for (int64_t i = 0; i < self.numel(); ++i)
        ASSERT_EQ(self.get(i), sums[i]) << name_of(dtype) << " dim " << dim;
    }
  }
}

TEST(IndexRows, OneDimAndErrors) {
  Array self(DType::kFloat32, {4}), other(DType::kFloat32, {3}), index(DType::kInt64, {3}),
      matrix(DType::kFloat32, {4, 4}), rows(DType::kFloat32, {3, 4});
  self.fill_small(1);
  other.fill_small(2);
  for (int i = 0; i < 3; ++i) index.set(i, 2);
  const Value expected = self.get(2) + other.get(0) + other.get(1) + other.get(2);
  run_kernel(Device{}, index_call<IndexAddCall>(self, index, other, 0));
  EXPECT_EQ(self.get(2), expected);
  index.set(2, 4);
  const Array before = self;
  expect_error(Status::kIndexError, "index out of range in self",
               [&] { run_kernel(Device{}, index_call<IndexSelectCall>(self, index, other, 0)); });
  expect_error(Status::kIndexError, "index out of range in self",
               [&] { run_kernel(Device{}, index_call<IndexAddCall>(self, index, other, 0)); });
  expect_error(Status::kInvalidArgument, "index 4 is out of bounds for dimension 0 with size 4",
               [&] { run_kernel(Device{}, index_call<IndexAddCall>(matrix, index, rows, 0)); });
  EXPECT_TRUE(self == before);
}

TEST(NllLoss, AllReductionsWithWeightsAndIgnoredRows) {
  const int64_t rows = 301, classes = 7;
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    const Value precision = dtype == DType::kFloat16    ? 0x1p-9L
                            : dtype == DType::kBFloat16 ? 0x1p-6L
                                                        : 0x1p-18L;
    for (int weighted = 0; weighted < 2; ++weighted) {
      Array input(dtype, {rows, classes}, {1, rows}), weight(dtype, {classes}), grad(dtype, {rows}),
          in_grad(dtype, {rows, classes});
      Array target = random_index(DType::kInt64, {rows}, {1}, classes), out(dtype, {rows}),
            total(dtype, {1});
      input.fill_small(1);
      grad.fill_small(2);
      for (int64_t i = 0; i < classes; ++i) weight.set(i, 0.5L + i);
      for (int64_t i = 0; i < rows; i += 10) target.set(i, -100);
      for (Reduction reduction : {Reduction::kNone, Reduction::kMean, Reduction::kSum}) {
        NllLossCall call;
        call.dtype = dtype;
        call.rows = rows, call.classes = classes;
        call.input_row_stride = 1, call.input_class_stride = rows;
        call.reduction = reduction;
        call.input = input.data();
        call.weight = weighted ? weight.data() : nullptr;
        call.target = static_cast<const int64_t*>(target.data());
        call.out = out.data();
        call.total_weight = total.data();
        run_kernel(Device{}, call);
        Value sum = 0, weights = 0, scale = 0;
        const auto weight_of = [&](int64_t i) -> Value {
          return target.get(i) < 0 ? 0
                 : weighted        ? weight.get(static_cast<int64_t>(target.get(i)))
                                   : 1;
        };
        for (int64_t i = 0; i < rows; ++i) {
          const Value loss =
              target.get(i) < 0
                  ? 0
                  : -weight_of(i) * input.get(i * classes + static_cast<int64_t>(target.get(i)));
          sum += loss, weights += weight_of(i), scale += std::fabs(loss);
          if (reduction == Reduction::kNone) {
            ASSERT_NEAR(out.get(i), loss, precision * 40);
          }
        }
        if (reduction != Reduction::kNone) {
          EXPECT_NEAR(out.get(0), reduction == Reduction::kMean ? sum / weights : sum,
                      precision * scale);
          EXPECT_NEAR(total.get(0), weights, precision * weights);
        }
        NllLossBackwardCall backward;
        static_cast<NllLossOperands&>(backward) = call;
        backward.grad = grad.data();
        backward.out = in_grad.data();
        run_kernel(Device{}, backward);
        in_grad.check_guards();
        for (int64_t i = 0; i < rows * classes; ++i) {
          const int64_t row = i / classes;
          Value expected = 0;
          if (target.get(row) == i % classes)
            expected = -weight_of(row) * grad.get(reduction == Reduction::kNone ? row : 0);
          if (reduction == Reduction::kMean) expected /= total.get(0);
          ASSERT_NEAR(in_grad.get(i), expected, precision * (1 + std::fabs(expected)));
        }
      }
    }
  }
}

TEST(NllLoss, BadTargetsAndNothingToAverage) {
  float input[6] = {}, out = 0, total = 0;
  int64_t target[2] = {1, 3};
  NllLossCall call;
  call.dtype = DType::kFloat32;
  call.rows = 2, call.classes = 3;
  call.input_row_stride = 3, call.input_class_stride = 1;
  call.input = input, call.target = target, call.out = &out, call.total_weight = &total;
  expect_error(Status::kIndexError, "Target 3 is out of bounds.",
               [&] { run_kernel(Device{}, call); });
  target[0] = target[1] = -100;
  run_kernel(Device{}, call);
  EXPECT_TRUE(std::isnan(out));
  call.reduction = Reduction::kSum;
  run_kernel(Device{}, call);
  EXPECT_EQ(out, 0);
}

TEST(Arange, EveryDType) {
  for (DType dtype : kDTypes) {
    Array out(dtype, {100});
    run_kernel(Device(), ArangeCall{dtype, out.data(), 100, Scalar(2),
                                    dtype == DType::kBool ? Scalar(0) : Scalar(1)});
    out.check_guards();
    for (int64_t i = 0; i < 100; ++i) ASSERT_EQ(out.get(i), dtype == DType::kBool ? 1 : 2 + i);
  }
  Array out(DType::kFloat64, {3});
  run_kernel(Device(), ArangeCall{DType::kFloat64, out.data(), 3, Scalar(0.5), Scalar(0.25)});
  EXPECT_EQ(out.get(2), 1);
}

}  // namespace
}  // namespace libtensor::cpu
