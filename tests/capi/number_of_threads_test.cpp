// Results have the same bits on any number of threads, also where several callers share them and
// the number changes.
#include <atomic>

#include "support/gradients.h"

namespace test {
namespace {

class NumberOfThreads : public TensorTest {
 protected:
  void SetUp() override {
    TensorTest::SetUp();
    if (!on_cpu()) GTEST_SKIP() << "the CPU's";
    OK(tensor_manual_seed(1));
  }
  void TearDown() override {
    OK(tensor_set_num_threads(before_));
    TensorTest::TearDown();
  }

 private:
  const int32_t before_ = tensor_get_num_threads();
};

// Of every kind of loop, forward and backward. `x` is a matrix.
std::vector<Values> results(const tensor_t* x) {
  const Owned leaf = call(tensor_detach, x), turned = call(tensor_transpose, leaf, 0, 1);
  EXPECT_EQ(tensor_set_requires_grad(leaf, true), TENSOR_OK);
  const int64_t columns[] = {0}, rows[] = {1};
  std::vector<int64_t> places(500);
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i * i * 7 % 300);
  const Owned index = from(places, {500});
  std::vector<Owned> made;
  made.push_back(call(tensor_tanh, leaf));
  made.push_back(call(tensor_mul, leaf, call(tensor_transpose, call(tensor_exp, turned), 0, 1)));
  made.push_back(call(tensor_softmax, made[1], 1));
  made.push_back(call(tensor_softmax, made[1], 0));
  made.push_back(call(tensor_sum_dim, made[1], columns, size_t{1}, false));
  made.push_back(call(tensor_sum_dim, made[1], rows, size_t{1}, false));
  made.push_back(call(tensor_mm, made[2], call(tensor_transpose, made[0], 0, 1)));
  made.push_back(call(tensor_mv, made[6], call(tensor_sum_dim, made[0], rows, size_t{1}, false)));
  made.push_back(call(tensor_index_select, made[3], 0, index));
  made.push_back(call(tensor_sum, call(tensor_mul, made[8], made[8])));
  EXPECT_EQ(tensor_backward(call(tensor_add, made[9], call(tensor_sum, made[7]))), TENSOR_OK);
  made.push_back(grad(leaf));
  std::vector<Values> all;
  for (const Owned& t : made) all.push_back(values(t));
  return all;
}

Owned matrix() {
  const int64_t shape[] = {300, 301};
  return call(tensor_randn, shape, size_t{2}, nullptr);
}

TEST_F(NumberOfThreads, ChangesNoBits) {
  const Owned x = matrix();
  OK(tensor_set_num_threads(1));
  const std::vector<Values> expected = results(x);
  for (int32_t threads : {2, 3, 7, 64}) {
    OK(tensor_set_num_threads(threads));
    EXPECT_EQ(results(x), expected) << threads << " threads";
  }
}

TEST_F(NumberOfThreads, MayChangeWhileCallersShareThem) {
  const Owned x = matrix();
  const std::vector<Values> expected = results(x);
  std::atomic<bool> done{false};
  std::thread changing([&] {
    for (int32_t i = 0; !done; ++i) {
      EXPECT_EQ(tensor_set_num_threads(1 + i % 7), TENSOR_OK);
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 5; ++round) EXPECT_EQ(results(x), expected);
    });
  }
  for (std::thread& caller : callers) caller.join();
  done = true;
  changing.join();
}

}  // namespace
}  // namespace test
