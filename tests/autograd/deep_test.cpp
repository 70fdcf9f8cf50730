// Depth costs no stack: backward and release of graphs of a million nodes on a small thread.
#include "support/gradients.h"
#include "support/stack.h"

namespace test {
namespace {

class Deep : public TensorTest {};

constexpr size_t kStack = 256 << 10;
const int kNodes = repetitions(1'000'000);

// A chain of nodes that save nothing, or of nodes that save their inputs.
Owned chain(const tensor_t* x, int nodes, bool saves) {
  Owned y = call(tensor_mul_scalar, x, number(1));
  for (int i = 1; i < nodes; ++i) {
    y = saves ? call(tensor_mul, y, x) : call(tensor_add_scalar, y, number(1));
  }
  return y;
}

TEST_F(Deep, BackwardOfAMillionNodes) {
  on_small_stack(kStack, [] {
    const Owned x = leaf({1}), y = chain(x, kNodes, false);
    OK(tensor_backward(y));
    expect_values(grad(x), {1});
  });
}

TEST_F(Deep, BackwardOfAMillionNodesThatSave) {
  on_small_stack(kStack, [] {
    const Owned x = leaf({1}), y = chain(x, kNodes, true);
    OK(tensor_backward(y));
    expect_values(grad(x), {static_cast<double>(kNodes)});
  });
}

TEST_F(Deep, ReleaseOfAMillionNodesThatWereNeverRun) {
  on_small_stack(kStack, [] {
    const Owned x = leaf({1});
    Owned y = chain(x, kNodes, true);
    y.release();
  });
}

TEST_F(Deep, ReleaseOfAMillionInPlaceChanges) {
  on_small_stack(kStack, [] {
    const Owned x = leaf({1, 2});
    Owned y = call(tensor_mul_scalar, x, number(1)), part = call(tensor_select, y, 0, 0);
    for (int i = 0; i < kNodes / 10; ++i) OK(tensor_add_scalar_(part, number(1)));
    OK(tensor_backward(call(tensor_sum, y)));
    expect_values(grad(x), {1, 1});
  });
}

TEST_F(Deep, ReleaseOfAChainOfGrads) {
  // Each tensor is the grad of the next one.
  on_small_stack(kStack, [] {
    Owned last = plain({1});
    for (int i = 0; i < kNodes / 10; ++i) {
      Owned next = plain({1});
      OK(tensor_set_grad(next, last));
      last = std::move(next);
    }
    last.release();
  });
}

TEST_F(Deep, RecordedBackwardOfADeepGraph) {
  on_small_stack(kStack, [] {
    const int nodes = on_cpu() ? 20'000 : 2'000;
    const Owned x = leaf({1}), y = chain(x, nodes, true);
    const Owned first = differentiable_gradient(y, x);
    expect_values(first, {1.0 * nodes});
    expect_values(gradient(first, x), {1.0 * nodes * (nodes - 1)});
  });
}

TEST_F(Deep, GraphWithManyInputsPerNode) {
  on_small_stack(kStack, [] {
    const Owned x = leaf({1, 2});
    const Handles many(10'000, x);
    const Owned y = call(tensor_cat, many.data(), many.size(), nullptr);
    OK(tensor_backward(call(tensor_sum, y)));
    expect_values(grad(x), {10'000, 10'000});
  });
}

}  // namespace
}  // namespace test
