// Operations that return a list: how it goes out, and what is refused.
#include <numeric>

#include "support/refusal.h"

namespace test {
namespace {

class List : public TensorTest {
 protected:
  const Owned x_ = plain({1, 2, 3, 4, 5, 6}, {3, 2});
};

TEST_F(List, CountIsAskedForFirst) {
  size_t count = 99;
  OK(tensor_unbind(x_, nullptr, nullptr, 0, &count));
  EXPECT_EQ(count, 3u);
  Owned rows[3];
  tensor_t* raw[3];
  OK(tensor_unbind(x_, nullptr, raw, 3, &count));
  for (int i = 0; i < 3; ++i) rows[i] = Owned(raw[i]);
  expect_values(rows[0], {1, 2});
  expect_values(rows[2], {5, 6});
  OK(tensor_zero_(rows[1]));  // a view
  expect_values(x_, {1, 2, 0, 0, 5, 6});
}

TEST_F(List, MoreRoomThanResultsIsFine) {
  tensor_t* raw[4] = {unwritten(), unwritten(), unwritten(), unwritten()};
  size_t count = 0;
  OK(tensor_split(x_, 2, nullptr, raw, 4, &count));
  ASSERT_EQ(count, 2u);
  const Owned first(raw[0]), second(raw[1]);
  EXPECT_EQ(shape(second), (Shape{1, 2}));
  EXPECT_EQ(raw[2], unwritten());
}

TEST_F(List, TooLittleRoomIsRefused) {
  tensor_t* raw[2] = {unwritten(), unwritten()};
  size_t count = 99;
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "capacity is 2, but there are 3 results"}, {x_},
                 [&] { return tensor_unbind(x_, nullptr, raw, 2, &count); });
  EXPECT_EQ(count, 99u);
  EXPECT_EQ(raw[0], unwritten());
}

TEST_F(List, MissingPlacesAreRefused) {
  size_t count = 99;
  tensor_t* raw[3] = {unwritten(), unwritten(), unwritten()};
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "out must not be NULL where capacity is not 0"},
                 {x_}, [&] { return tensor_unbind(x_, nullptr, nullptr, 3, &count); });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "out_count must not be NULL"}, {x_},
                 [&] { return tensor_unbind(x_, nullptr, raw, 3, nullptr); });
  EXPECT_EQ(count, 99u);
  EXPECT_EQ(raw[0], unwritten());
}

TEST_F(List, AnErrorWritesNothing) {
  size_t count = 99;
  tensor_t* raw[3] = {unwritten(), unwritten(), unwritten()};
  const int64_t sizes[] = {1, 1};
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size "
                  "at dimension 0), but got split_sizes=[1, 1]"},
                 {x_},
                 [&] { return tensor_split_with_sizes(x_, sizes, 2, nullptr, raw, 3, &count); });
  const int64_t huge[] = {INT64_MAX, INT64_MAX, 5};
  EXPECT_EQ(tensor_split_with_sizes(x_, huge, 3, nullptr, raw, 3, &count),
            TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(count, 99u);
  EXPECT_EQ(raw[0], unwritten());
}

TEST_F(List, ExtremeSizesOverflowNothing) {
  EXPECT_EQ(list(tensor_split, x_, INT64_MAX, nullptr).size(), 1u);
  EXPECT_EQ(list(tensor_chunk, x_, INT64_MAX, nullptr).size(), 3u);
  const int64_t indices[] = {INT64_MIN, INT64_MAX};
  const std::vector<Owned> parts =
      list(tensor_tensor_split_indices, x_, indices, size_t{2}, nullptr);
  ASSERT_EQ(parts.size(), 3u);
  expect_values(parts[1], {1, 2, 3, 4, 5, 6});
}

TEST_F(List, ManyResults) {
  Values numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Owned x = leaf(numbers);
  const std::vector<Owned> parts = list(tensor_unbind, x, nullptr);
  ASSERT_EQ(parts.size(), 1000u);
  OK(tensor_backward(call(tensor_mul, parts[999], parts[3])));
  Values expected(1000, 0.0);
  expected[3] = 999, expected[999] = 3;
  expect_values(grad(x), expected);
}

TEST_F(List, OfNothingIsEmpty) {
  size_t count = 99;
  tensor_t* raw = unwritten();
  OK(tensor_unbind(plain({}, {0}), nullptr, &raw, 1, &count));
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(raw, unwritten());
}

TEST_F(List, ScopesOwnTheResults) {
  OK(tensor_scope_push());
  size_t count = 0;
  tensor_t* raw[3];
  OK(tensor_unbind(x_, nullptr, raw, 3, &count));
  const size_t live = tensor_live_handles();
  OK(tensor_scope_pop(raw + 1, 1));
  EXPECT_EQ(tensor_live_handles(), live - 2);
  expect_values(Owned(raw[1]), {3, 4});
}

// How many there are is computed: of these, no memory holds the views.
TEST_F(List, AsManyResultsAsNobodyCouldMakeAreCounted) {
  constexpr int64_t kMany = int64_t{1} << 60;
  const Owned row = call(tensor_expand, filled({1}, 1), &kMany, 1), none = filled({0}, 1);
  size_t count = 0;
  OK(tensor_unbind(row, nullptr, nullptr, 0, &count));
  EXPECT_EQ(count, size_t{kMany});
  OK(tensor_split(row, 3, nullptr, nullptr, 0, &count));
  EXPECT_EQ(count, size_t{kMany} / 3 + 1);
  OK(tensor_chunk(row, kMany / 2 + 1, nullptr, nullptr, 0, &count));
  EXPECT_EQ(count, size_t{kMany} / 2);
  OK(tensor_chunk(none, kMany, nullptr, nullptr, 0, &count));
  EXPECT_EQ(count, size_t{kMany});
  OK(tensor_tensor_split(x_, kMany, nullptr, nullptr, 0, &count));
  EXPECT_EQ(count, size_t{kMany});
  tensor_t* raw[2] = {unwritten(), unwritten()};
  const auto refused = [&](size_t results, const std::function<tensor_status_t()>& call) {
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                    "capacity is 2, but there are " + std::to_string(results) + " results"},
                   {x_}, call);
  };
  refused(kMany, [&] { return tensor_unbind(row, nullptr, raw, 2, &count); });
  refused(kMany, [&] { return tensor_split(row, 1, nullptr, raw, 2, &count); });
  refused(kMany, [&] { return tensor_chunk(none, kMany, nullptr, raw, 2, &count); });
  refused(kMany, [&] { return tensor_tensor_split(x_, kMany, nullptr, raw, 2, &count); });
  EXPECT_EQ(raw[0], unwritten());
  EXPECT_EQ(count, size_t{kMany});
}

TEST_F(List, CountsAreThoseOfTheResults) {
  for (int64_t size : {0, 1, 2, 5, 6, 7}) {
    const Owned row = filled({size}, 1);
    for (int64_t n : {1, 2, 3, 4, 6, 9}) {
      SCOPED_TRACE(std::to_string(size) + " " + std::to_string(n));
      const auto agrees = [&](auto function, size_t expected) {
        tensor_t* raw[16] = {};
        size_t asked = 0, made = 0;
        OK(function(row, n, nullptr, nullptr, 0, &asked));
        OK(function(row, n, nullptr, raw, 16, &made));
        EXPECT_EQ(asked, expected);
        EXPECT_EQ(made, expected);
        int64_t total = 0;
        for (size_t i = 0; i < made; ++i) total += numel(Owned(raw[i]));
        EXPECT_EQ(total, size);
      };
      const int64_t each = (size + n - 1) / n;
      agrees(tensor_split, size == 0 ? 1 : (size + n - 1) / n);
      agrees(tensor_chunk, size == 0 ? n : (size + each - 1) / each);
      agrees(tensor_tensor_split, n);
    }
  }
}

// A list of positions is no shape: it may be longer than 64.
TEST_F(List, MoreThan64Pieces) {
  const Owned row = filled({100'000}, 1);
  const std::vector<int64_t> ones(100'000, 1);
  EXPECT_EQ(list(tensor_split_with_sizes, row, ones.data(), ones.size(), nullptr).size(),
            ones.size());
  EXPECT_EQ(list(tensor_tensor_split_indices, row, ones.data(), size_t{70}, nullptr).size(), 71u);
  EXPECT_EQ(tensor_split_with_sizes(row, ones.data(), SIZE_MAX, nullptr, nullptr, 0, nullptr),
            TENSOR_ERROR_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace test
