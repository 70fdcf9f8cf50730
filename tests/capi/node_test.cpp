// Nodes of the graph as C sees them: names, edges, leaves.
#include "support/refusal.h"

namespace test {
namespace {

class NodeApi : public TensorTest {
 protected:
  static std::string name(const tensor_node_t* node) {
    char text[64] = "?";
    EXPECT_EQ(tensor_node_name(node, text, sizeof(text), nullptr), TENSOR_OK);
    return text;
  }
  static OwnedNode edge(const tensor_node_t* node, size_t index, uint32_t* output_nr = nullptr) {
    OwnedNode result;
    EXPECT_EQ(tensor_node_edge(node, index, result.out(), output_nr), TENSOR_OK);
    return result;
  }
  static size_t edge_count(const tensor_node_t* node) {
    size_t count = 99;
    EXPECT_EQ(tensor_node_edge_count(node, &count), TENSOR_OK);
    return count;
  }
  static uint64_t id(const tensor_node_t* node) {
    uint64_t out = 0;
    EXPECT_EQ(tensor_node_id(node, &out), TENSOR_OK);
    return out;
  }

  const Owned x_ = leaf({1, 2}), plain_ = plain({3, 4});
};

TEST_F(NodeApi, LeafHasNoGradFn) {
  tensor_node_t* out = reinterpret_cast<tensor_node_t*>(unwritten());
  OK(tensor_grad_fn(x_, &out));
  EXPECT_EQ(out, nullptr);
}

TEST_F(NodeApi, EdgesLeadToTheNodesOfTheInputs) {
  const Owned y = call(tensor_exp, x_), z = call(tensor_mul, y, x_);
  const OwnedNode node = grad_fn_node(z);
  EXPECT_EQ(name(node), "MulBackward0");
  ASSERT_EQ(edge_count(node), 2u);
  EXPECT_EQ(name(edge(node, 0)), "ExpBackward0");
  EXPECT_EQ(id(edge(node, 0)), id(grad_fn_node(y)));
  EXPECT_EQ(name(edge(node, 1)), "AccumulateGrad");
  EXPECT_EQ(edge_count(edge(node, 1)), 0u);
}

TEST_F(NodeApi, EdgeToAnInputWithoutGradientIsNull) {
  const OwnedNode node = grad_fn_node(call(tensor_mul, x_, plain_));
  EXPECT_EQ(static_cast<tensor_node_t*>(edge(node, 1)), nullptr);
}

TEST_F(NodeApi, EdgeOutOfRangeIsRefused) {
  const OwnedNode node = grad_fn_node(call(tensor_exp, x_));
  tensor_node_t* out = nullptr;
  expect_refusal({TENSOR_ERROR_INDEX, "index 1 is out of range: ExpBackward0 has 1 edges"}, {},
                 [&] { return tensor_node_edge(node, 1, &out, nullptr); });
}

TEST_F(NodeApi, VariableIsTheLeafOfAnAccumulateGrad) {
  OwnedNode accumulator;
  OK(tensor_gradient_edge(x_, accumulator.out(), nullptr));
  EXPECT_TRUE(is_same(call(tensor_node_variable, accumulator), x_));
  EXPECT_EQ(call(tensor_node_variable, grad_fn_node(call(tensor_exp, x_))), nullptr);
}

TEST_F(NodeApi, KeepsTheGraphAlive) {
  OwnedNode node;
  {
    const Owned x = leaf({1, 2});
    node = grad_fn_node(call(tensor_exp, call(tensor_neg, x)));
  }
  EXPECT_EQ(name(edge(node, 0)), "NegBackward0");
  EXPECT_EQ(name(edge(edge(node, 0), 0)), "AccumulateGrad");
}

TEST_F(NodeApi, SequenceCountsTheNodesOfAThread) {
  const Owned a = call(tensor_exp, x_), b = call(tensor_exp, x_);
  uint64_t first = 0, second = 0;
  OK(tensor_node_sequence(grad_fn_node(a), &first));
  OK(tensor_node_sequence(grad_fn_node(b), &second));
  EXPECT_EQ(second, first + 1);
}

TEST_F(NodeApi, RetainGivesASecondHandleOfTheSameNode) {
  const OwnedNode node = grad_fn_node(call(tensor_exp, x_));
  OwnedNode second;
  OK(tensor_node_retain(node, second.out()));
  EXPECT_EQ(id(node), id(second));
}

TEST_F(NodeApi, ALocationThatIsAbsurdlyLongIsCut) {
  const auto tell = [](void*, char* buffer, size_t capacity, size_t* length) -> tensor_status_t {
    std::memset(buffer, 'x', capacity);
    *length = SIZE_MAX;
    return TENSOR_OK;
  };
  OK(tensor_set_location_callback(tell, nullptr, nullptr));
  OK(tensor_set_detect_anomaly(true, false));
  const Owned y = call(tensor_exp, x_);
  // The operation has written y when it asks: it must not fail any more.
  EXPECT_EQ(tensor_neg_(y), TENSOR_OK) << tensor_last_error();
  size_t length = 0;
  OK(tensor_node_location(grad_fn_node(y), nullptr, 0, &length));
  EXPECT_EQ(length, size_t{64} << 10);
  OK(tensor_set_detect_anomaly(false, false));
  OK(tensor_set_location_callback(nullptr, nullptr, nullptr));
}

TEST_F(NodeApi, ACallbackThatLeavesAnEmptyMessageStillHasOne) {
  const auto fails = [](void*, tensor_t* const*, size_t, tensor_t**, size_t) {
    return tensor_set_last_error(TENSOR_ERROR_VALUE, "");
  };
  tensor_t* input = x_;
  OwnedHandle<tensor_vjp_t, tensor_vjp_release> vjp;
  EXPECT_EQ(tensor_vjp_new(fails, nullptr, &input, 1, 1, vjp.out()), TENSOR_ERROR_VALUE);
  EXPECT_STREQ(tensor_last_error(), "the function failed: value error");
}

}  // namespace
}  // namespace test
