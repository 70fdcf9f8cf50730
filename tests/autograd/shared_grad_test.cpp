// Gradients that several threads add to: the same bits, whichever comes first.
#include <algorithm>
#include <functional>
#include <random>
#include <thread>

#include "support/tensors.h"

namespace test {
namespace {

class SharedGrad : public TensorTest {
 protected:
  // What one thread adds: the gradient of `leaf` gets each of `parts` in turn.
  static void add(tensor_t* leaf, const std::vector<Values>& parts) {
    for (const Values& part : parts) {
      const Owned seed = same_dtype(part, leaf), y = call(tensor_mul_scalar, leaf, number(1));
      tensor_backward_options_t options = tensor_backward_options_default();
      options.gradient = seed;
      EXPECT_EQ(tensor_backward_with(y, &options), TENSOR_OK) << tensor_last_error();
    }
  }
  static Owned same_dtype(const Values& values, const tensor_t* like) {
    const tensor_options_t to = options(dtype(like));
    return call(tensor_to, plain(values), &to);
  }
  // Numbers whose sum depends on the order very much.
  static Values wild(std::mt19937& random, tensor_dtype_t type) {
    const int reach = type == TENSOR_FLOAT16 ? 8 : type == TENSOR_FLOAT64 ? 200 : 30;
    Values values(16);
    for (double& value : values) {
      value = std::ldexp(std::uniform_real_distribution<>(-1, 1)(random),
                         std::uniform_int_distribution<>(-reach, reach)(random));
    }
    return values;
  }
};

TEST_F(SharedGrad, HasTheSameBitsInWhateverOrderThreadsAdd) {
  for (tensor_dtype_t type : {TENSOR_FLOAT16, TENSOR_BFLOAT16, TENSOR_FLOAT32, TENSOR_FLOAT64}) {
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
      // The main thread, which owns the gradient, adds as well: it is number 0.
      std::vector<std::vector<Values>> parts(4);
      for (auto& own : parts)
        for (int i = 0; i < 3; ++i) own.push_back(wild(random, type));
      // Every step is one pass of one thread; the steps of a thread keep their order.
      std::vector<int> steps = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
      Values first;
      for (int order = 0; order < 10; ++order) {
        std::shuffle(steps.begin(), steps.end(), random);
        const Owned leaf = filled({16}, 1, type, true);
        std::vector<size_t> next(4);
        for (const int thread : steps) {
          const auto step = [&] { add(leaf, {parts[thread][next[thread]++]}); };
          thread == 0 ? step() : std::thread(step).join();
        }
        const Values found = values(grad(leaf));
        if (order == 0) first = found;
        ASSERT_EQ(found, first) << "round " << round << ", dtype " << type;
      }
    }
  }
}

TEST_F(SharedGrad, HasTheSameBitsWhenThreadsRunAtOnce) {
  std::mt19937 random(2);
  std::vector<std::vector<Values>> parts(4);
  for (auto& own : parts)
    for (int i = 0; i < 20; ++i) own.push_back(wild(random, TENSOR_FLOAT32));
  Values first;
  for (int round = 0; round < 30; ++round) {
    const Owned leaf = filled({16}, 1, TENSOR_FLOAT32, true);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < parts.size(); ++i) threads.emplace_back([&, i] { add(leaf, parts[i]); });
    for (std::thread& thread : threads) thread.join();
    const Values found = values(grad(leaf));
    if (round == 0) first = found;
    ASSERT_EQ(found, first) << "round " << round;
  }
}

TEST_F(SharedGrad, OfOneThreadIsRoundedAtEachStep) {
  // 1 + 2^-24 + 2^-24 is 1 in float steps; exactly it would be more.
  const std::vector<Values> parts = {{1}, {0x1p-24}, {0x1p-24}};
  const Owned own = filled({1}, 1, TENSOR_FLOAT32, true);
  add(own, parts);
  expect_values(grad(own), {1});
  const Owned foreign = filled({1}, 1, TENSOR_FLOAT32, true);
  std::thread([&] { add(foreign, parts); }).join();
  expect_values(grad(foreign), {1 + 0x1p-23});
}

TEST_F(SharedGrad, BelongsToTheThreadThatClearedIt) {
  const std::vector<Values> parts = {{1}, {0x1p-24}, {0x1p-24}};
  const Owned leaf = filled({1}, 1, TENSOR_FLOAT32, true);
  std::thread([&] {
    ASSERT_EQ(tensor_set_grad(leaf, nullptr), TENSOR_OK);
    add(leaf, parts);
  }).join();
  expect_values(grad(leaf), {1});
}

TEST_F(SharedGrad, ChangedByTheProgramIsTakenAsItIs) {
  const Owned leaf = filled({2}, 1, TENSOR_FLOAT32, true);
  std::thread([&] { add(leaf, {{1, 2}, {3, 4}}); }).join();
  OK(tensor_mul_scalar_(grad(leaf), number(10)));
  std::thread([&] { add(leaf, {{1, 1}}); }).join();
  expect_values(grad(leaf), {41, 61});
  add(leaf, {{0.5, 0.5}});
  expect_values(grad(leaf), {41.5, 61.5});
}

TEST_F(SharedGrad, KeepsInfinitiesAndNaN) {
  const double inf = INFINITY;
  const Owned leaf = filled({4}, 1, TENSOR_FLOAT64, true);
  for (const Values& part : std::vector<Values>{{inf, inf, NAN, 1e308}, {1, -inf, 1, 1e308}})
    std::thread([&] { add(leaf, {part}); }).join();
  const Values found = values(grad(leaf));
  EXPECT_EQ(found[0], inf);
  EXPECT_TRUE(std::isnan(found[1]) && std::isnan(found[2]));
  EXPECT_EQ(found[3], inf);
}

TEST_F(SharedGrad, RoundsSmallNumbersOnce) {
  const double least = 0x1p-1074;
  const Owned leaf = filled({3}, 1, TENSOR_FLOAT64, true);
  const std::vector<Values> parts = {
      {least, 1, -0x1p-1022}, {least, 0x1p-53, least}, {-3 * least, 0x1p-1074, 0x1p-1023}};
  for (const Values& part : parts) std::thread([&] { add(leaf, {part}); }).join();
  expect_values(grad(leaf), {-least, 1 + 0x1p-52, -0x1p-1023 + least});
}

TEST_F(SharedGrad, OfATransposedLeafIsRight) {
  const Owned base = plain({1, 2, 3, 4, 5, 6}, {2, 3}), leaf = call(tensor_transpose, base, 0, 1);
  OK(tensor_set_requires_grad(leaf, true));
  for (int i = 0; i < 3; ++i) {
    std::thread([&] {
      const Owned y = call(tensor_mul, leaf, call(tensor_contiguous, call(tensor_detach, leaf)));
      EXPECT_EQ(tensor_backward(call(tensor_sum, y)), TENSOR_OK);
    }).join();
  }
  expect_values(grad(leaf), {3, 12, 6, 15, 9, 18});
}

}  // namespace
}  // namespace test
