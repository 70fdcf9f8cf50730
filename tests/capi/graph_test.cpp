// Looking at graphs: nodes in order, saved tensors, memory, pictures.
#include "support/refusal.h"

namespace test {
namespace {

std::string node_name(const tensor_node_t* node) {
  char text[64] = "?";
  EXPECT_EQ(tensor_node_name(node, text, sizeof(text), nullptr), TENSOR_OK);
  return text;
}

std::vector<std::string> names_behind(tensor_t* output) {
  tensor_node_t* nodes[16];
  size_t count = 0;
  EXPECT_EQ(tensor_graph_nodes(&output, 1, nodes, 16, &count), TENSOR_OK);
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(node_name(OwnedNode(nodes[i])));
  return names;
}

tensor_graph_memory_t memory_behind(tensor_t* output) {
  tensor_graph_memory_t memory = tensor_graph_memory_default();
  EXPECT_EQ(tensor_graph_memory(&output, 1, &memory), TENSOR_OK) << tensor_last_error();
  return memory;
}

using PictureFunction = decltype(tensor_graph_to_dot);
std::string picture(PictureFunction* function, tensor_t* output,
                    const tensor_graph_picture_options_t* options = nullptr) {
  size_t length = 0;
  EXPECT_EQ(function(&output, 1, options, nullptr, 0, &length), TENSOR_OK) << tensor_last_error();
  std::string text(length + 1, '\0');
  EXPECT_EQ(function(&output, 1, options, text.data(), text.size(), nullptr), TENSOR_OK);
  text.pop_back();
  return text;
}

size_t occurrences(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class Graph : public TensorTest {
 protected:
  const Owned x_ = leaf({1, 2}), y_ = leaf({3, 4});
};

TEST_F(Graph, NodesComeInTheOrderOfBackward) {
  const Owned a = call(tensor_exp, x_), b = call(tensor_mul, a, y_), c = call(tensor_add, b, a);
  EXPECT_EQ(names_behind(c),
            (std::vector<std::string>{"AddBackward0", "MulBackward0", "AccumulateGrad",
                                      "ExpBackward0", "AccumulateGrad"}));
  EXPECT_EQ(names_behind(x_), std::vector<std::string>{"AccumulateGrad"});
  EXPECT_EQ(names_behind(plain({1})), std::vector<std::string>{});
}

TEST_F(Graph, OnlyAsManyNodesAsThereIsRoomFor) {
  const Owned a = call(tensor_exp, x_);
  tensor_t* outputs[] = {a};
  tensor_node_t* nodes[2] = {nullptr, reinterpret_cast<tensor_node_t*>(unwritten())};
  size_t count = 0;
  OK(tensor_graph_nodes(outputs, 1, nodes, 1, &count));
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(node_name(OwnedNode(nodes[0])), "ExpBackward0");
  EXPECT_EQ(nodes[1], reinterpret_cast<tensor_node_t*>(unwritten()));
  OK(tensor_graph_nodes(outputs, 1, nullptr, 0, &count));
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT,
                [&] { return tensor_graph_nodes(outputs, 1, nullptr, 1, &count); });
}

TEST_F(Graph, SavedTensorsHaveNamesAndTheirHistory) {
  const Owned a = call(tensor_exp, x_), b = call(tensor_mul, a, y_);
  const OwnedNode mul = grad_fn_node(b), exp = grad_fn_node(a);
  size_t count = 0;
  OK(tensor_node_saved_count(mul, &count));
  ASSERT_EQ(count, 2u);
  char name[16];
  OK(tensor_node_saved_name(mul, 0, name, sizeof(name), nullptr));
  EXPECT_STREQ(name, "other");
  OK(tensor_node_saved_name(mul, 1, name, sizeof(name), nullptr));
  EXPECT_STREQ(name, "self");
  const Owned other = call(tensor_node_saved_tensor, mul, 0),
              self = call(tensor_node_saved_tensor, mul, 1),
              result = call(tensor_node_saved_tensor, exp, 0);
  EXPECT_EQ(values(other), (Values{3, 4}));
  EXPECT_EQ(grad_fn(self), "ExpBackward0");
  EXPECT_EQ(grad_fn(result), "ExpBackward0");
  EXPECT_EQ(values(result), values(a));
  expect_no_result(
      {TENSOR_ERROR_INDEX, "index 2 is out of range: MulBackward0 has 2 places for saved tensors"},
      {}, [&](tensor_t** out) { return tensor_node_saved_tensor(mul, 2, out); });
}

TEST_F(Graph, SavedTensorsAreCheckedAndFreed) {
  const Owned a = call(tensor_exp, x_);
  const OwnedNode exp = grad_fn_node(a);
  OK(tensor_backward(call(tensor_sum, a)));
  tensor_t* out = unwritten();
  EXPECT_EQ(tensor_node_saved_tensor(exp, 0, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(tensor_last_error()).find("Trying to backward through the graph a second"),
            0u);
  const Owned b = call(tensor_exp, x_);
  const OwnedNode changed = grad_fn_node(b);
  OK(tensor_mul_scalar_(b, number(2)));
  EXPECT_EQ(tensor_node_saved_tensor(changed, 0, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(out, unwritten());
}

TEST_F(Graph, SharedStorageCountsOnce) {
  const Owned square = call(tensor_mul, x_, x_);
  tensor_graph_memory_t memory = memory_behind(square);
  EXPECT_EQ(memory.nodes, 2u);
  EXPECT_EQ(memory.saved_tensors, 2u);
  EXPECT_EQ(memory.saved_storages, 1u);
  EXPECT_EQ(memory.saved_bytes, 2 * sizeof(double));
  EXPECT_GT(memory.node_bytes, 0u);

  const Owned turned = call(tensor_unsqueeze, x_, 0), both = call(tensor_mul, turned, y_);
  memory = memory_behind(both);  // a view of x and y
  EXPECT_EQ(memory.saved_tensors, 2u);
  EXPECT_EQ(memory.saved_storages, 2u);
  EXPECT_EQ(memory.saved_bytes, 4 * sizeof(double));
}

TEST_F(Graph, MemoryOfOneNodeAndAfterBackward) {
  const Owned a = call(tensor_exp, x_), b = call(tensor_mul, a, a), total = call(tensor_sum, b);
  tensor_graph_memory_t one = tensor_graph_memory_default();
  OK(tensor_node_memory(grad_fn_node(b), &one));
  EXPECT_EQ(one.nodes, 1u);
  EXPECT_EQ(one.saved_bytes, 16u);
  EXPECT_EQ(memory_behind(total).saved_tensors, 3u);
  EXPECT_EQ(memory_behind(total).saved_bytes, 16u) << "exp's result is also what mul has saved";
  const uint64_t node_bytes = memory_behind(total).node_bytes;
  OK(tensor_backward(total));
  EXPECT_EQ(memory_behind(total).saved_tensors, 0u);
  EXPECT_EQ(memory_behind(total).node_bytes, node_bytes);
  one.struct_size = 8;
  EXPECT_EQ(tensor_node_memory(grad_fn_node(b), &one), TENSOR_ERROR_INVALID_ARGUMENT);
}

TEST_F(Graph, MemoryBehindAnInPlaceChangeOfAView) {
  const Owned base = call(tensor_mul_scalar, x_, number(2));
  const Owned part = call(tensor_select, base, 0, 0);
  OK(tensor_mul_(part, call(tensor_select, y_, 0, 1)));
  EXPECT_EQ(names_behind(base)[0], "CopySlices");
  EXPECT_GT(memory_behind(base).saved_tensors, 0u);
}

TEST_F(Graph, CustomFunctionShowsWhatItSaved) {
  tensor_t* input = x_;
  tensor_function_t* function;
  const auto backward = [](void*, tensor_function_t*, tensor_t* const*, size_t, tensor_t**,
                           size_t) -> tensor_status_t { return TENSOR_OK; };
  OK(tensor_function_begin(&input, 1, "MineBackward", backward, nullptr, nullptr, &function));
  OK(tensor_function_save_for_backward(function, &input, 1));
  const Owned value = call(tensor_detach, call(tensor_exp, x_));
  tensor_t* output = value;
  Owned result;
  OK(tensor_function_finish(function, &output, 1, result.out()));
  OK(tensor_function_release(function));
  EXPECT_EQ(names_behind(result)[0], "MineBackward");
  EXPECT_EQ(memory_behind(result).saved_bytes, 16u);
}

TEST_F(Graph, DeepGraphNeedsNoStack) {
  Owned chain = call(tensor_mul_scalar, x_, number(1));
  const int steps = repetitions(100000);
  for (int i = 0; i < steps; ++i) chain = call(tensor_add_scalar, chain, number(0));
  EXPECT_EQ(memory_behind(chain).nodes, steps + 2u);
}

TEST_F(Graph, Dot) {
  const Owned a = call(tensor_mul, x_, y_);
  const char* names[] = {"weight \"w\""};
  tensor_t* leaves[] = {x_};
  tensor_graph_picture_options_t options = tensor_graph_picture_options_default();
  options.names = names;
  options.leaves = leaves;
  options.leaf_count = 1;
  options.show_saved = true;
  const std::string text = picture(tensor_graph_to_dot, a, &options);
  EXPECT_EQ(text.find("digraph {\n"), 0u);
  EXPECT_NE(text.find("[label=\"weight \\\"w\\\"\\nfloat64 [2]\""), std::string::npos) << text;
  EXPECT_NE(text.find("MulBackward0\\nother: float64 [2], 16 B\\nself: float64 [2], 16 B"),
            std::string::npos)
      << text;
  EXPECT_EQ(occurrences(text, " -> "), 3u);
}

TEST_F(Graph, SvgAndHtmlShowEveryNodeOnce) {
  const Owned a = call(tensor_exp, x_), b = call(tensor_mul, a, y_), c = call(tensor_add, b, a);
  for (auto* function : {tensor_graph_to_svg, tensor_graph_to_html}) {
    const std::string text = picture(function, c);
    EXPECT_EQ(occurrences(text, "<rect"), 6u);  // one output, three operations, two leaves
    EXPECT_EQ(occurrences(text, "marker-end"), 6u);
    EXPECT_EQ(occurrences(text, ">ExpBackward0<"), 1u);
    EXPECT_EQ(text.find("nan"), std::string::npos);
    EXPECT_EQ(occurrences(text, "<svg"), 1u);
  }
  EXPECT_EQ(picture(tensor_graph_to_html, c).find("<!DOCTYPE html>"), 0u);
}

TEST_F(Graph, PictureOfNothing) {
  const std::string text = picture(tensor_graph_to_svg, plain({1}));
  EXPECT_EQ(occurrences(text, "<rect"), 1u);
  size_t length = 0;
  OK(tensor_graph_to_svg(nullptr, 0, nullptr, nullptr, 0, &length));
  EXPECT_GT(length, 0u);
}

}  // namespace
}  // namespace test
