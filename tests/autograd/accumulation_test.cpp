// Which passes wait for each other: those that add to the gradient of one leaf. Seen from inside,
// so that a pass can be stopped where it adds.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <vector>

#include "autograd/accumulate_grad.h"
#include "autograd/engine.h"
#include "autograd/tensor_extra.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/reductions.h"

namespace libtensor {
namespace {

using autograd::accumulation_mutex;

Tensor make_leaf() {
  Tensor leaf = Tensor::empty(Dims{2}, DType::kFloat32, Device{});
  std::fill_n(leaf.data_as<float>(), 2, 1.0f);
  leaf.impl()->requires_grad = true;
  return leaf;
}

void run_pass(const Tensor& leaf) {
  const Tensor loss = ops::sum(leaf);
  autograd::backward({&loss, 1}, {}, {}, {});
}

// Some leaves share a mutex; there are sixteen, so not all can be one.
TEST(Accumulation, DifferentLeavesDoNotWaitForEachOther) {
  const Tensor busy = make_leaf();
  std::vector<Tensor> others(64);
  std::ranges::generate(others, make_leaf);
  std::erase_if(others, [&](const Tensor& leaf) {
    return &accumulation_mutex(leaf.impl()) == &accumulation_mutex(busy.impl());
  });
  ASSERT_GE(others.size(), 4u);

  std::unique_lock adding(accumulation_mutex(busy.impl()));  // as the pass of another thread does
  std::future<void> waiting = std::async(std::launch::async, [&] { run_pass(busy); });
  // Had these to wait as well, the test would never end.
  std::async(std::launch::async, [&] { std::ranges::for_each(others, run_pass); }).get();
  for (const Tensor& leaf : others) EXPECT_EQ(autograd::grad(leaf).data_as<float>()[0], 1.0f);
  EXPECT_FALSE(autograd::grad(busy).defined()) << "a pass added while another one did";
  adding.unlock();
  waiting.get();
  EXPECT_EQ(autograd::grad(busy).data_as<float>()[0], 1.0f);
}

}  // namespace
}  // namespace libtensor
