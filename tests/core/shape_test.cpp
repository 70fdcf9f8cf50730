// Arithmetic on shapes and strides, against the plain enumeration of all addresses.
#include "core/shape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace libtensor {
namespace {

constexpr int64_t kHuge = int64_t{1} << 62;

// The address of each element, in row-major order.
std::vector<int64_t> addresses(const Dims& shape, const Dims& strides) {
  std::vector<int64_t> result = {0};
  for (int d = 0; d < shape.size(); ++d) {
    std::vector<int64_t> next;
    for (int64_t base : result) {
      for (int64_t i = 0; i < shape[d]; ++i) next.push_back(base + i * strides[d]);
    }
    result = std::move(next);
  }
  return result;
}

class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  Dims shape() {
    Dims shape(below(5));
    for (int64_t& size : shape) size = std::array{1, 2, 3, 4, 6, 1, 2, 0}[below(below(10) ? 7 : 8)];
    return shape;
  }
  // Contiguous, permuted, stretched, repeated, or any numbers at all.
  Dims strides(const Dims& shape) {
    Dims order(shape.size()), strides(shape.size());
    for (int i = 0; i < order.size(); ++i) order[i] = i;
    if (below(2)) std::shuffle(order.begin(), order.end(), random_);
    int64_t step = 1;
    for (int i = order.size() - 1; i >= 0; --i) {
      const auto dim = static_cast<int>(order[i]);
      if (below(6) == 0) step *= 1 + below(3);
      strides[dim] = step;
      step *= std::max<int64_t>(shape[dim], 1);
    }
    for (int i = 0; i < shape.size(); ++i) {
      if (below(8) == 0) strides[i] = 0;
      if (shape[i] == 1 && below(2)) strides[i] = below(50);
      if (below(20) == 0) strides[i] = below(8);
    }
    return strides;
  }
  // Another shape with as many elements.
  Dims regrouped(const Dims& shape) {
    if (numel_of(shape) == 0) return shape;
    std::vector<int64_t> factors;
    for (int64_t size : shape) {
      for (int64_t p : {2, 3}) {
        for (; size % p == 0; size /= p) factors.push_back(p);
      }
    }
    Dims result;
    int64_t run = 1;
    for (int64_t factor : factors) {
      run *= factor;
      if (below(2)) result.push_back(std::exchange(run, 1));
      if (below(6) == 0) result.push_back(1);
    }
    if (run != 1 || below(3) == 0) result.push_back(run);
    return result;
  }

 private:
  std::mt19937 random_;
};

TEST(ViewStrides, AreFoundExactlyWhereSomeExist) {
  Random random(1);
  int found = 0, refused = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Dims shape = random.shape(), strides = random.strides(shape),
               target = random.regrouped(shape);
    const std::vector<int64_t> wanted = addresses(shape, strides);
    const auto result = view_strides(shape, strides, target);
    if (result) {
      ASSERT_EQ(addresses(target, *result), wanted) << shape << strides << target << *result;
      ++found;
      continue;
    }
    // The only strides possible: what one step along each dim moves.
    Dims forced(target.size(), 1);
    const Dims rows = contiguous_strides(target);
    for (int d = 0; d < target.size(); ++d) {
      if (target[d] > 1) forced[d] = wanted[rows[d]] - wanted[0];
    }
    ASSERT_NE(addresses(target, forced), wanted) << shape << strides << target << forced;
    ++refused;
  }
  EXPECT_GT(found, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Layout, PredicatesEqualTheEnumeration) {
  Random random(2);
  int dense = 0, overlapping = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Dims shape = random.shape(), strides = random.strides(shape);
    const std::vector<int64_t> all = addresses(shape, strides);
    const std::set<int64_t> distinct(all.begin(), all.end());
    const bool unique = distinct.size() == all.size();
    const bool fills =
        unique && (all.size() <= 1 || *distinct.rbegin() + 1 == static_cast<int64_t>(all.size()));
    ASSERT_EQ(is_dense(shape, strides), fills) << shape << strides;
    if (is_non_overlapping(shape, strides)) {
      ASSERT_TRUE(unique) << shape << strides;
    }
    if (fills) {
      ASSERT_TRUE(is_non_overlapping(shape, strides)) << shape << strides;
    }
    ASSERT_EQ(is_contiguous(shape, strides), all == addresses(shape, contiguous_strides(shape)))
        << shape << strides;
    ASSERT_EQ(reach(shape, strides), all.empty() ? -1 : *distinct.rbegin()) << shape << strides;
    const Dims fresh = dense_strides_like(shape, strides);
    ASSERT_TRUE(is_dense(shape, fresh));
    dense += fills;
    overlapping += !unique;
  }
  EXPECT_GT(dense, 1000);
  EXPECT_GT(overlapping, 1000);
}

TEST(Broadcast, FollowsTheRule) {
  Random random(3);
  int fitting = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Dims a = random.shape(), b = random.shape();
    const int ndim = std::max(a.size(), b.size());
    Dims expected(ndim);
    bool fits = true;
    for (int d = 0; d < ndim; ++d) {
      const int da = d - (ndim - a.size()), db = d - (ndim - b.size());
      const int64_t x = da < 0 ? 1 : a[da], y = db < 0 ? 1 : b[db];
      fits &= x == y || x == 1 || y == 1;
      expected[d] = x == 1 ? y : x;
    }
    if (!fits) {
      ASSERT_THROW(broadcast_shapes(a, b), Error) << a << b;
      continue;
    }
    ++fitting;
    const Dims shape = broadcast_shapes(a, b);
    ASSERT_EQ(shape, expected) << a << b;
    ASSERT_TRUE(is_expandable_to(a, shape));
    // Each element of the stretched view is the element of `a` with the same index, or 0 where it
    // is stretched.
    const Dims strides = random.strides(a), stretched = broadcast_strides(a, strides, shape);
    for (int d = 0; d < ndim; ++d) {
      const int da = d - (ndim - a.size());
      ASSERT_EQ(stretched[d], da >= 0 && a[da] != 1 ? strides[da] : 0) << a << strides << shape;
    }
  }
  EXPECT_GT(fitting, 1000);
}

TEST(Broadcast, ErrorNamesSizesAndDim) {
  try {
    broadcast_shapes(Dims{2, 3}, Dims{4});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kInvalidArgument);
    EXPECT_EQ(error.message(),
              "The size of tensor a (3) must match the size of tensor b (4) at non-singleton "
              "dimension 1");
  }
  EXPECT_FALSE(is_expandable_to(Dims{2, 3}, Dims{3}));
  EXPECT_FALSE(is_expandable_to(Dims{2}, Dims{3}));
}

TEST(Numel, CountsAndRefusesOverflow) {
  EXPECT_EQ(checked_numel(Dims{}, 8), 1);
  EXPECT_EQ(checked_numel(Dims{2, 0, 5}, 8), 0);
  EXPECT_EQ(checked_numel(Dims{kHuge - 1}, 2), kHuge - 1);
  for (const Dims& shape : {Dims{kHuge}, Dims{kHuge, 2}, Dims{int64_t{1} << 32, int64_t{1} << 32},
                            Dims{INT64_MAX}, Dims{INT64_MAX, INT64_MAX, INT64_MAX}}) {
    EXPECT_THROW(checked_numel(shape, 2), Error) << shape;
  }
  EXPECT_THROW(checked_numel(Dims{2, -1}, 1), Error);
  EXPECT_THROW(checked_numel(Dims{0, -1}, 1), Error);
  EXPECT_THROW(check_sizes(Dims(kMaxDims + 1, 1)), Error);
  EXPECT_NO_THROW(check_sizes(Dims(kMaxDims, 1)));
}

TEST(Numel, RefusesOverflowBesideAZero) {
  // As in PyTorch, it depends on the order whether the 0 comes in time.
  EXPECT_THROW(checked_numel(Dims{kHuge, kHuge, 0}, 4), Error);
  EXPECT_EQ(checked_numel(Dims{0, kHuge, kHuge}, 4), 0);
  // Nothing to store, but the strides of such a shape cannot be computed.
  EXPECT_THROW(contiguous_strides(Dims{0, kHuge, kHuge}), Error);
  EXPECT_EQ(contiguous_strides(Dims{kHuge, 0, 5}), (Dims{5, 5, 1}));
}

TEST(WrapDim, CountsFromBothEnds) {
  for (int ndim = 1; ndim <= 4; ++ndim) {
    for (int dim = 0; dim < ndim; ++dim) {
      EXPECT_EQ(wrap_dim(dim, ndim), dim);
      EXPECT_EQ(wrap_dim(dim - ndim, ndim), dim);
    }
    EXPECT_THROW(wrap_dim(ndim, ndim), Error);
    EXPECT_THROW(wrap_dim(-ndim - 1, ndim), Error);
  }
  EXPECT_EQ(wrap_dim(0, 0), 0);
  EXPECT_EQ(wrap_dim(-1, 0), 0);
  EXPECT_THROW(wrap_dim(1, 0), Error);
}

TEST(DimMask, NamesReducedDims) {
  EXPECT_EQ(dim_mask(Dims{}, 3), 7u);
  EXPECT_EQ(dim_mask(Dims{0, -1}, 3), 5u);
  EXPECT_EQ(dim_mask(Dims{}, 0), 0u);
  EXPECT_EQ(dim_mask(Dims{}, 64), ~uint64_t{0});
  EXPECT_EQ(dim_mask(Dims{63}, 64), uint64_t{1} << 63);
  EXPECT_THROW(dim_mask(Dims{1, -2}, 3), Error);
  EXPECT_THROW(dim_mask(Dims{3}, 3), Error);
}

TEST(InferSize, FillsInTheOneThatIsMissing) {
  EXPECT_EQ(infer_size(Dims{2, 3}, 6), (Dims{2, 3}));
  EXPECT_EQ(infer_size(Dims{-1}, 6), (Dims{6}));
  EXPECT_EQ(infer_size(Dims{2, -1, 1}, 6), (Dims{2, 3, 1}));
  EXPECT_EQ(infer_size(Dims{}, 1), Dims{});
  EXPECT_EQ(infer_size(Dims{0, 5}, 0), (Dims{0, 5}));
  EXPECT_EQ(infer_size(Dims{5, -1}, 0), (Dims{5, 0}));
  for (const Dims& shape : {Dims{4, -1}, Dims{5}, Dims{-1, -1}, Dims{-2, 3}, Dims{0, -1}, Dims{},
                            Dims{kHuge, kHuge}, Dims{kHuge, 4, -1}, Dims{0}}) {
    EXPECT_THROW(infer_size(shape, 6), Error) << shape;
  }
  EXPECT_THROW(infer_size(Dims{-1, 0}, 0), Error);
}

}  // namespace
}  // namespace libtensor
