// Numbers so large that arithmetic on them overflows: an error, never a wrong size.
#include <climits>

#include "support/refusal.h"

namespace test {
namespace {

class Overflow : public TensorTest {};

constexpr int64_t kHuge = INT64_C(1) << 62;
constexpr int64_t kExtremes[] = {INT64_MIN, INT64_MIN + 1, -1,       0, 1,
                                 kHuge,     INT64_MAX - 1, INT64_MAX};

// A call may succeed or fail, but what it gives is in order.
void expect_sane(const std::function<tensor_status_t(tensor_t** out)>& call) {
  tensor_t* out = unwritten();
  const tensor_status_t status = call(&out);
  EXPECT_NE(status, TENSOR_ERROR_INTERNAL) << tensor_last_error();
  if (status != TENSOR_OK) {
    EXPECT_EQ(out, unwritten());
    return;
  }
  const Owned result(out);
  int64_t expected = 1;
  for (int64_t size : shape(result)) {
    EXPECT_GE(size, 0);
    expected *= size;
  }
  EXPECT_EQ(numel(result), expected);
  if (expected < 1000) values(result);  // reads every element
}

TEST_F(Overflow, OfSizesBesideAZero) {
  const Shape before = {kHuge, kHuge, 0}, behind = {0, kHuge, kHuge};
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Storage size calculation overflowed with sizes=[4611686018427387904, "
                    "4611686018427387904, 0]"},
                   {},
                   [&](tensor_t** out) { return tensor_empty(before.data(), 3, nullptr, out); });
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "Stride calculation overflowed"}, {},
                   [&](tensor_t** out) { return tensor_empty(behind.data(), 3, nullptr, out); });
}

TEST_F(Overflow, OfViewsOfNothing) {
  const Owned none = filled({0, 1}, 0);
  for (int64_t a : kExtremes) {
    for (int64_t b : kExtremes) {
      const Shape target = {a, 0, b}, two = {a, b};
      SCOPED_TRACE(testing::PrintToString(target));
      expect_sane([&](tensor_t** out) { return tensor_view(none, target.data(), 3, out); });
      expect_sane([&](tensor_t** out) { return tensor_reshape(none, target.data(), 3, out); });
      expect_sane([&](tensor_t** out) { return tensor_view(none, two.data(), 2, out); });
      expect_sane([&](tensor_t** out) { return tensor_expand(none, target.data(), 3, out); });
    }
  }
}

TEST_F(Overflow, OfExpandedSizes) {
  const Owned one = filled({1, 1}, 3);
  for (int64_t a : kExtremes) {
    for (int64_t b : kExtremes) {
      const Shape target = {a, b};
      SCOPED_TRACE(testing::PrintToString(target));
      expect_sane([&](tensor_t** out) { return tensor_expand(one, target.data(), 2, out); });
    }
  }
}

With<tensor_flatten_options_t> ends(int64_t first, int64_t last) {
  return With(&tensor_flatten_options_t::start_dim, first)
      .add(&tensor_flatten_options_t::end_dim, tensor_some_int64(last));
}
With<tensor_as_strided_options_t> at(int64_t offset) {
  return With(&tensor_as_strided_options_t::storage_offset, tensor_some_int64(offset));
}
With<tensor_arange_options_t> by(tensor_scalar_t step) {
  return With(&tensor_arange_options_t::step, step);
}

TEST_F(Overflow, OfPositionsInAView) {
  const Owned t = filled({4, 3}, 1);
  for (int64_t a : kExtremes) {
    for (int64_t b : kExtremes) {
      SCOPED_TRACE(std::to_string(a) + " " + std::to_string(b));
      expect_sane([&](tensor_t** out) { return tensor_narrow(t, 0, a, b, out); });
      expect_sane([&](tensor_t** out) { return tensor_select(t, a, b, out); });
      expect_sane([&](tensor_t** out) { return tensor_transpose(t, a, b, out); });
      expect_sane([&](tensor_t** out) { return tensor_flatten(t, ends(a, b), out); });
      for (int64_t step : kExtremes) {
        expect_sane([&](tensor_t** out) { return tensor_slice(t, 0, a, b, step, out); });
      }
    }
  }
}

TEST_F(Overflow, OfStridesAndOffsets) {
  const Owned t = filled({4, 3}, 1);
  for (int64_t size : kExtremes) {
    for (int64_t stride : kExtremes) {
      for (int64_t offset : kExtremes) {
        SCOPED_TRACE(testing::PrintToString(Shape{size, stride, offset}));
        const int64_t sizes[] = {size, 2}, strides[] = {stride, 1};
        expect_sane([&](tensor_t** out) {
          return tensor_as_strided(t, sizes, 1, strides, 1, at(offset), out);
        });
        expect_sane([&](tensor_t** out) {
          return tensor_as_strided(t, sizes, 2, strides, 2, at(offset), out);
        });
      }
    }
  }
}

TEST_F(Overflow, OfBlobs) {
  char memory[16] = {};
  const tensor_options_t bytes = options(TENSOR_UINT8);
  for (int64_t size : {int64_t{0}, int64_t{1}, int64_t{2}, kHuge, INT64_MAX}) {
    for (int64_t stride : {int64_t{0}, int64_t{1}, kHuge, INT64_MAX}) {
      SCOPED_TRACE(testing::PrintToString(Shape{size, stride}));
      // No element behind the 16 bytes may be read: only tensors that stay inside are.
      const int64_t sizes[] = {size, 1}, strides[] = {stride, stride};
      tensor_t* out = nullptr;
      if (tensor_from_blob(memory, sizes, strides, 2, &bytes, nullptr, nullptr, &out) != TENSOR_OK)
        continue;
      const Owned t(out);
      if (size <= 1) {
        values(t);
        for (int64_t start : {0, 1}) {
          expect_sane([&](tensor_t** result) { return tensor_slice(t, 0, start, 2, 1, result); });
        }
        expect_sane([&](tensor_t** result) { return tensor_unsqueeze(t, 0, result); });
      }
    }
  }
}

TEST_F(Overflow, OfRangesAndMatrices) {
  for (int64_t a : kExtremes) {
    for (int64_t b : kExtremes) {
      SCOPED_TRACE(std::to_string(a) + " " + std::to_string(b));
      const tensor_options_t bytes = options(TENSOR_UINT8);
      if (a <= 0 || b <= 0) {
        expect_sane([&](tensor_t** out) {
          return tensor_eye(a,
                            With(&tensor_eye_options_t::m, tensor_some_int64(b))
                                .add(&tensor_eye_options_t::tensor, &bytes),
                            out);
        });
      }
      expect_sane([&](tensor_t** out) {
        return tensor_arange(integer(a), integer(b), by(integer(INT64_MAX)), out);
      });
      expect_sane([&](tensor_t** out) {
        return tensor_arange(integer(a), integer(b), by(integer(INT64_MIN)), out);
      });
      expect_sane([&](tensor_t** out) {
        return tensor_arange(number(static_cast<double>(a)), number(static_cast<double>(b)),
                             by(number(1e300)), out);
      });
    }
  }
  Owned one = call(tensor_arange, integer(0), integer(1), by(integer(INT64_MAX)));
  expect_values(one, {0});
  one = call(tensor_arange, integer(INT64_MAX - 1), integer(INT64_MAX), by(integer(2)));
  EXPECT_EQ(numel(one), 1);
  for (double bad : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    expect_sane(
        [&](tensor_t** out) { return tensor_arange(number(0), number(bad), nullptr, out); });
    expect_sane(
        [&](tensor_t** out) { return tensor_arange(number(bad), number(0), nullptr, out); });
    expect_sane(
        [&](tensor_t** out) { return tensor_arange(number(0), number(1), by(number(bad)), out); });
  }
}

TEST_F(Overflow, OfDimNumbers) {
  const Owned t = filled({2, 3}, 1), index = filled({1}, 0, TENSOR_INT64);
  for (int64_t dim : kExtremes) {
    SCOPED_TRACE(dim);
    expect_sane([&](tensor_t** out) { return tensor_sum_dim(t, &dim, 1, false, out); });
    expect_sane([&](tensor_t** out) { return tensor_softmax(t, dim, out); });
    expect_sane([&](tensor_t** out) { return tensor_unsqueeze(t, dim, out); });
    expect_sane([&](tensor_t** out) { return tensor_squeeze_dim(t, dim, out); });
    expect_sane([&](tensor_t** out) { return tensor_squeeze_dims(t, &dim, 1, out); });
    expect_sane([&](tensor_t** out) { return tensor_index_select(t, dim, index, out); });
    expect_sane([&](tensor_t** out) { return tensor_argmax_dim(t, dim, nullptr, out); });
    tensor_t* handles[] = {t, t};
    expect_sane([&](tensor_t** out) {
      return tensor_cat(handles, 2, With(&tensor_cat_options_t::dim, dim), out);
    });
    expect_sane([&](tensor_t** out) {
      return tensor_stack(handles, 2, With(&tensor_stack_options_t::dim, dim), out);
    });
  }
}

TEST_F(Overflow, OfIndicesInATensor) {
  const AtOnce at_once;
  const Owned t = filled({4}, 1);
  for (int64_t position : kExtremes) {
    const Owned index = from<int64_t>({position}, {1});
    const bool inside = position >= 0 && position < 4;
    tensor_t* out = nullptr;
    EXPECT_EQ(tensor_index_select(t, 0, index, &out) == TENSOR_OK, inside) << position;
    const Owned selected(std::exchange(out, nullptr));
    EXPECT_EQ(tensor_gather(t, 0, index, &out) == TENSOR_OK, inside) << position;
    const Owned gathered(std::exchange(out, nullptr));
    const Owned source = filled({1}, 5);
    EXPECT_EQ(tensor_scatter(t, 0, index, source, &out) == TENSOR_OK, inside) << position;
    const Owned scattered(std::exchange(out, nullptr));
    EXPECT_EQ(tensor_index_add(t, 0, index, source, &out) == TENSOR_OK, inside) << position;
    const Owned added(out);
  }
}

Owned huge_view(const Owned& t, int64_t size) { return call(tensor_expand, t, &size, 1); }

TEST_F(Overflow, OfTheSumOfSizes) {
  const Owned one = filled({1}, 1), five = filled({5}, 1), into = filled({5}, 1);
  const Owned huge = huge_view(one, int64_t{1} << 60);
  std::vector<tensor_t*> list(16, huge);
  list.push_back(five);  // 2^64 + 5
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Storage size calculation overflowed: the sizes of dimension 0 add up to more "
                    "than 2^63 - 1"},
                   {five},
                   [&](tensor_t** out) { return tensor_cat(list.data(), 17, nullptr, out); });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "Storage size calculation overflowed: the sizes of dimension 0 add up to more "
                  "than 2^63 - 1"},
                 {into}, [&] { return tensor_cat_out(list.data(), 17, nullptr, into); });
  expect_sane([&](tensor_t** out) { return tensor_stack(list.data(), 16, nullptr, out); });
  const int64_t wide[] = {0, int64_t{1} << 62}, column[] = {0, 1};
  const Owned none = call(tensor_expand, filled({column[0], column[1]}, 1), wide, 2);
  std::vector<tensor_t*> nothing(8, none);
  EXPECT_EQ(tensor_cat(nothing.data(), 8, With(&tensor_cat_options_t::dim, 1), list.data()),
            TENSOR_ERROR_INVALID_ARGUMENT);
}

// A slice with a huge step leaves a huge stride, and the empty rest of it a huge offset.
TEST_F(Overflow, OfAnOffsetThatAnOutResizes) {
  const Owned x = filled({1000}, 0);
  const int64_t four = 4;
  for (int64_t step : {int64_t{1} << 60, int64_t{1} << 61, int64_t{1} << 62, INT64_MAX}) {
    SCOPED_TRACE(step);
    const Owned first = call(tensor_slice, x, 0, 0, 1000, step);
    const Owned rest = call(tensor_slice, first, 0, 1, 2, 1);
    int64_t offset = 0;
    OK(tensor_storage_offset(rest, &offset));
    EXPECT_EQ(offset, step);
    const std::string before = describe(rest);
    const size_t live = tensor_live_handles();
    EXPECT_NE(tensor_ones_out(&four, 1, rest), TENSOR_OK);
    EXPECT_NE(tensor_add_out(x, x, rest), TENSOR_OK);
    EXPECT_EQ(tensor_live_handles(), live);
    EXPECT_EQ(describe(rest), before);
    expect_values(rest, {});
    expect_sane([&](tensor_t** out) { return tensor_unsqueeze(rest, 0, out); });
    expect_sane([&](tensor_t** out) { return tensor_slice(rest, 0, 0, 0, step, out); });
  }
  EXPECT_EQ(values(x), Values(1000, 0.0));
}

TEST_F(Overflow, OfOffsetsOfEmptyViews) {
  const int64_t shape[] = {1, 1, 0}, strides[] = {kHuge, kHuge, 1};
  const Owned t = filled({1}, 0);
  const Owned none = call(tensor_as_strided, t, shape, 3, strides, 3, at(kHuge));
  const Owned moved = call(tensor_slice, t, 0, 0, 1, 1);
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "Storage offset calculation overflowed: 4611686018427387904 + 1 * "
                    "4611686018427387904"},
                   {t}, [&](tensor_t** out) { return tensor_slice(none, 0, 1, 1, 1, out); });
  expect_sane([&](tensor_t** out) { return tensor_select(none, 0, 0, out); });
  for (int64_t dim : {0, 1, 2}) {
    expect_sane([&](tensor_t** out) { return tensor_unsqueeze(none, dim, out); });
    expect_sane([&](tensor_t** out) { return tensor_sum_dim(none, &dim, 1, false, out); });
  }
}

TEST_F(Overflow, OfOneDimMadeOfSeveral) {
  const int64_t shape[] = {0, int64_t{1} << 40, int64_t{1} << 40};
  const Owned none = call(tensor_expand, filled({0, 1, 1}, 1), shape, 3);
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "numel: integer multiplication overflow"}, {},
                   [&](tensor_t** out) { return tensor_flatten(none, ends(1, 2), out); });
  expect_sane([&](tensor_t** out) { return tensor_flatten(none, ends(0, 2), out); });
  expect_sane([&](tensor_t** out) { return tensor_mean(none, out); });
  const int64_t huge[] = {1, 2};
  expect_sane([&](tensor_t** out) { return tensor_sum_dim(none, huge, 2, false, out); });
  expect_sane([&](tensor_t** out) { return tensor_softmax(none, 1, out); });
  expect_sane([&](tensor_t** out) { return tensor_clone(none, out); });
  const Owned turned = call(tensor_transpose, none, 0, 2);  // [2^40, 2^40, 0]
  expect_sane([&](tensor_t** out) { return tensor_matmul(turned, filled({0, 2}, 1), out); });
  expect_sane([&](tensor_t** out) { return tensor_sum(turned, out); });
}

TEST_F(Overflow, AViewOfNothingMayBeHuge) {
  const int64_t shape_[] = {kHuge, 0, 5};
  const Owned view = call(tensor_view, filled({0}, 1), shape_, 3);
  EXPECT_EQ(shape(view), (Shape{kHuge, 0, 5}));
  EXPECT_EQ(strides(view), (Shape{5, 5, 1}));
}

}  // namespace
}  // namespace test
