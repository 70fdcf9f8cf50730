// The C++ wrapper's ways to run backward, its nodes, and its hooks.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tensor/tensor.hpp"

namespace {

using tensor::BackwardOptions;
using tensor::Cancel;
using tensor::Hook;
using tensor::Tensor;
using namespace tensor::autograd;
using Values = std::vector<double>;
using Tensors = std::vector<Tensor>;

class AutogradWrapper : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(tensor::live_handles(), before_); }

  static Tensor leaf(const Values& values) { return Tensor::from_data(values).requires_grad_(); }
  static Values values(const Tensor& t) { return t.to_vector<double>(); }
  // The message and status of what `body` throws.
  template <class Body>
  static std::string thrown(tensor_status_t status, Body body) {
    try {
      body();
    } catch (const tensor::Error& error) {
      EXPECT_EQ(error.status(), status);
      return error.what();
    }
    return "nothing was thrown";
  }

 private:
  const size_t before_ = tensor::live_handles();
};

TEST_F(AutogradWrapper, BackwardAddsToTheNamedInputsOnly) {
  const Tensor x = leaf({2}), y = leaf({3}), product = x * y;
  BackwardOptions options;
  {
    const Tensor named = y;
    options.inputs({named, product});
  }
  const BackwardOptions copy = options;  // has its own list
  options = BackwardOptions();
  (product * 2).backward(copy);
  EXPECT_FALSE(x.grad().defined());
  EXPECT_EQ(values(y.grad()), Values{4});
  EXPECT_EQ(values(product.grad()), Values{2});
  EXPECT_EQ(thrown(TENSOR_ERROR_INVALID_ARGUMENT, [] { BackwardOptions().inputs({}); }),
            "'inputs' argument to backward() cannot be empty.");
}

TEST_F(AutogradWrapper, BackwardStartsFromSeveralRoots) {
  const Tensor x = leaf({2, 3});
  backward({(x * x).sum(), x * 10}, {Tensor(), Tensor::from_data<double>({1, 100})});
  EXPECT_EQ(values(x.grad()), (Values{4 + 10, 6 + 1000}));
  const Tensor y = leaf({1});
  backward({y * 2, y * 3});
  EXPECT_EQ(values(y.grad()), Values{5});
  EXPECT_NE(thrown(TENSOR_ERROR_INVALID_ARGUMENT,
                   [&] {
                     backward({y * 2, y * 3}, {Tensor::from_data<double>({1})});
                   })
                .find("(expected 2, got 1)"),
            std::string::npos);
}

TEST_F(AutogradWrapper, UnusedInputsAreUndefinedOrZeros) {
  const Tensor x = leaf({2}), unused = leaf({1, 2, 3});
  const Tensor y = x * x;
  const BackwardOptions keep = BackwardOptions().retain_graph();
  EXPECT_NE(thrown(TENSOR_ERROR_INVALID_ARGUMENT,
                   [&] {
                     grad({y}, {x, unused}, {}, keep);
                   })
                .find("appears to not have been used in the graph"),
            std::string::npos);
  EXPECT_FALSE(grad({y}, {x, unused}, {}, BackwardOptions(keep).allow_unused())[1].defined());
  const Tensors zeros = grad({y}, {x, unused}, {}, BackwardOptions(keep).materialize_grads());
  EXPECT_EQ(values(zeros[0]), Values{4});
  EXPECT_EQ(values(zeros[1]), (Values{0, 0, 0}));
}

TEST_F(AutogradWrapper, ARunningBackwardIsCancelled) {
  Cancel cancel;
  const Tensor x = leaf({2});
  Tensor y = x * 1;
  std::atomic<bool> running{false}, cancelled{false};
  register_hook(y, [&](const Tensor&) {
    running = true;
    while (!cancelled) std::this_thread::yield();
    return Tensor();
  });
  for (int i = 0; i < 10; ++i) y = y * 2;
  std::thread other([&] {
    Cancel same = cancel;
    while (!running) std::this_thread::yield();
    same.cancel();
    cancelled = true;
  });
  const BackwardOptions options = BackwardOptions().cancel(cancel).retain_graph();
  EXPECT_EQ(thrown(TENSOR_ERROR_CANCELLED, [&] { y.backward(options); }), "backward was cancelled");
  other.join();
  EXPECT_FALSE(x.grad().defined());
  cancel.reset();
  y.backward(options);
  EXPECT_EQ(values(x.grad()), Values{1024});
}

TEST_F(AutogradWrapper, TensorsTellWhatTheyAre) {
  const Tensor x = leaf({1, 2}), y = x * x, part = y[0];
  EXPECT_TRUE(part.is_view());
  EXPECT_FALSE(y.is_view());
  EXPECT_FALSE(y.retains_grad());
  y.retain_grad();
  EXPECT_TRUE(y.retains_grad());
  y.sum().backward();
  EXPECT_EQ(values(y.grad()), (Values{1, 1}));
}

TEST_F(AutogradWrapper, InferenceModeEndsWithItsGuard) {
  const Tensor x = leaf({1, 2});
  Tensor made;
  {
    const tensor::InferenceMode guard;
    EXPECT_TRUE(tensor::InferenceMode::is_enabled());
    made = x * x;
    {
      const tensor::InferenceMode off(false);
      EXPECT_TRUE((x * x).requires_grad());
    }
  }
  EXPECT_FALSE(tensor::InferenceMode::is_enabled());
  EXPECT_TRUE(made.is_inference());
  EXPECT_FALSE(made.requires_grad());
}

TEST_F(AutogradWrapper, NodesAreWalked) {
  const Tensor x = leaf({2}), y = x.exp() * 3;
  const Node node = grad_fn(y);
  EXPECT_EQ(node.name(), "MulBackward0");
  const std::vector<Edge> edges = node.next_functions();
  ASSERT_GE(edges.size(), 1u);
  EXPECT_EQ(edges[0].first.name(), "ExpBackward0");
  EXPECT_EQ(edges[0].second, 0u);
  EXPECT_LT(edges[0].first.sequence_nr(), node.sequence_nr());
  const Node leaf_node = edges[0].first.next_functions()[0].first;
  EXPECT_EQ(leaf_node.name(), "AccumulateGrad");
  EXPECT_TRUE(leaf_node.variable().is_same(x));
  EXPECT_FALSE(node.variable().defined());
  EXPECT_TRUE(leaf_node == gradient_edge(x).first);
  EXPECT_TRUE(node != leaf_node);
  EXPECT_FALSE(grad_fn(x).defined());
  EXPECT_TRUE(grad_fn(x) == Node());
}

TEST_F(AutogradWrapper, PassesFromEdgesToEdges) {
  const Tensor x = leaf({2});
  Tensor y = x * x;
  const Edge middle = gradient_edge(y), end = gradient_edge(y * 3);
  y = Tensor();  // the graph remains
  const Tensor to_middle = grad({end}, {middle}).at(0);
  EXPECT_EQ(values(to_middle), Values{3});
  backward({middle}, {to_middle});
  EXPECT_EQ(values(x.grad()), Values{12});
  EXPECT_EQ(thrown(TENSOR_ERROR_INDEX, [&] { backward({Edge(end.first, 1)}); }),
            "roots[0].output_nr is 1, but the operation of MulBackward0 has 1 outputs");
  EXPECT_EQ(
      thrown(TENSOR_ERROR_INVALID_HANDLE, [&] { grad({end}, {Edge(Node(), 0)}); }).substr(0, 14),
      "inputs[0].node");
}

TEST_F(AutogradWrapper, HooksOfSeveralTensors) {
  const Tensor x = leaf({2}), y = leaf({3}), unused = leaf({4});
  std::vector<Values> seen;
  Hook all = register_multi_grad_hook({x, unused, y}, [&](const Tensors& grads) {
    seen.push_back({grads[0].item<double>(), grads[2].item<double>()});
    EXPECT_FALSE(grads[1].defined());
  });
  int calls = 0;
  Hook any = register_any_grad_hook({x, y}, [&](const Tensor& grad) { calls += grad.defined(); });
  (x * y).backward();
  EXPECT_EQ(seen, std::vector<Values>{(Values{3, 2})});
  EXPECT_EQ(calls, 1);
  all.remove();
  any.remove();
  (x * y).backward();
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(calls, 1);
  register_any_grad_hook({x}, [](const Tensor&) { throw std::runtime_error("not this one"); });
  EXPECT_EQ(thrown(TENSOR_ERROR_INTERNAL, [&] { (x * y).backward(); }), "not this one");
}

TEST_F(AutogradWrapper, NodeHooksReplaceGradients) {
  const Tensor x = leaf({2}), y = x * 3;
  const Node node = grad_fn(y);
  Values seen;
  Hook before = node.register_prehook([](Tensors& grads) { grads[0] = grads[0] * 10; });
  Hook after = node.register_hook([&](Tensors& inputs, const Tensors& outputs) {
    seen = {inputs[0].item<double>(), outputs[0].item<double>()};
    inputs[0] = inputs[0] + 1;
  });
  const BackwardOptions keep = BackwardOptions().retain_graph();
  y.backward(keep);
  EXPECT_EQ(seen, (Values{30, 10}));
  EXPECT_EQ(values(x.grad()), Values{31});
  before.remove();
  after.remove();
  y.backward(keep);
  EXPECT_EQ(values(x.grad()), Values{34});
  node.register_prehook([](Tensors&) { throw std::runtime_error("no gradient passes"); });
  EXPECT_EQ(thrown(TENSOR_ERROR_INTERNAL, [&] { y.backward(keep); }), "no gradient passes");
  node.register_hook([](Tensors& inputs, const Tensors&) { inputs.clear(); });
}

TEST_F(AutogradWrapper, NodeHooksThatSeeGradientsLeaveThem) {
  const Tensor x = leaf({2}), unused = leaf({3}), y = x * unused.detach();
  int calls = 0;
  grad_fn(y).register_hook([&](Tensors& inputs, const Tensors&) {
    ++calls;
    EXPECT_TRUE(inputs[0].defined());
    EXPECT_FALSE(inputs[1].defined());
  });
  y.backward();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(values(x.grad()), Values{3});
}

TEST_F(AutogradWrapper, CallbacksAreQueuedToTheEnd) {
  const Tensor x = leaf({2}), y = x * 1;
  std::vector<std::string> order;
  register_hook(y, [&](const Tensor&) {
    queue_callback([&] { order.push_back("end"); });
    EXPECT_FALSE(backward_is_partial());
    return Tensor();
  });
  register_hook(x, [&](const Tensor&) {
    order.push_back("leaf");
    return Tensor();
  });
  y.backward();
  EXPECT_EQ(order, (std::vector<std::string>{"leaf", "end"}));
  EXPECT_NE(thrown(TENSOR_ERROR_INVALID_ARGUMENT, [] { queue_callback([] {}); }),
            "nothing was thrown");
}

TEST_F(AutogradWrapper, SavedTensorsArePackedAndUnpacked) {
  const Tensor x = leaf({2, 3});
  int packed = 0, unpacked = 0;
  Tensor y;
  {
    const SavedTensorsHooks<Values> hooks(
        [&](const Tensor& t) {
          ++packed;
          return t.detach().to_vector<double>();
        },
        [&](const Values& kept) {
          ++unpacked;
          return Tensor::from_data(kept);
        });
    y = (x * x).sum();
  }
  const Tensor later = (x * x).sum();  // not packed
  EXPECT_EQ(packed, 2);
  EXPECT_EQ(unpacked, 0);
  y.backward();
  EXPECT_EQ(unpacked, 2);
  later.backward();
  EXPECT_EQ(unpacked, 2);
  EXPECT_EQ(values(x.grad()), (Values{8, 12}));
}

TEST_F(AutogradWrapper, WhatPackOrUnpackThrowsComesOut) {
  const Tensor x = leaf({2, 3});
  Tensor y;
  {
    const SavedTensorsHooks<int> full(
        [](const Tensor&) -> int { throw std::runtime_error("the disk is full"); },
        [](const int&) { return Tensor(); });
    EXPECT_EQ(thrown(TENSOR_ERROR_INTERNAL, [&] { x* x; }), "the disk is full");
    const SavedTensorsHooks<int> lost(
        [](const Tensor&) { return 7; },
        [](const int& number) -> Tensor {
          throw std::runtime_error("number " + std::to_string(number) + " is lost");
        });
    y = (x * x).sum();
  }
  EXPECT_EQ(thrown(TENSOR_ERROR_INTERNAL, [&] { y.backward(); }), "number 7 is lost");
}

TEST_F(AutogradWrapper, WarningsGoToTheHandler) {
  const Tensor square = tensor::ones({2, 2}), row = tensor::ones({2});
  tensor::mse_loss(square, row);
  std::vector<std::string> heard;
  tensor::set_warning_handler([&](const std::string& text) { heard.push_back(text); });
  tensor::mse_loss(square, row);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].find("Using a target size (torch.Size([2])) that is different"), 0u);

  Tensor out = tensor::ones({3});
  tensor::set_warning_handler([](const std::string&) { throw std::runtime_error("no"); });
  EXPECT_EQ(thrown(TENSOR_ERROR_INTERNAL, [&] { tensor::add_out(out, square, row); }), "no");
  EXPECT_EQ(out.shape(), std::vector<int64_t>{3});
  tensor::set_warning_handler(nullptr);
  tensor::add_out(out, square, row);
  EXPECT_EQ(heard.size(), 1u);
}

}  // namespace
