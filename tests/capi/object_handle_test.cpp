// Handles of other kinds than tensors: counted, checked, and never taken for one another.
#include "support/refusal.h"

namespace test {
namespace {

class ObjectHandle : public TensorTest {
 protected:
  const Owned x_ = leaf({1, 2});
  const Owned y_ = call(tensor_exp, x_);
};

TEST_F(ObjectHandle, IsCountedWhileItLives) {
  const size_t before = tensor_live_handles();
  OwnedNode node = grad_fn_node(y_);
  EXPECT_EQ(tensor_live_handles(), before + 1);
  node.release();
  EXPECT_EQ(tensor_live_handles(), before);
}

TEST_F(ObjectHandle, IsNoPlausibleAddress) {
  const OwnedNode node = grad_fn_node(y_);
  const auto bits = reinterpret_cast<uint64_t>(static_cast<tensor_node_t*>(node));
  EXPECT_EQ(bits & 1, 1u);
  EXPECT_NE(bits >> 48, 0u);
  EXPECT_NE(bits >> 48, 0xffffu);
}

TEST_F(ObjectHandle, IsRefusedOnceReleased) {
  tensor_node_t* node = grad_fn_node(y_).give();
  OK(tensor_node_release(node));
  const OwnedNode another = grad_fn_node(y_);  // in the same slot
  uint64_t out = 0;
  expect_refusal({TENSOR_ERROR_INVALID_HANDLE,
                  "node is not a live graph node handle: it was released, or is not from this "
                  "library"},
                 {}, [&] { return tensor_node_sequence(node, &out); });
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] { return tensor_node_release(node); });
}

TEST_F(ObjectHandle, OfNullIsRefusedButForRelease) {
  uint64_t out = 0;
  expect_refusal({TENSOR_ERROR_INVALID_HANDLE, "node must not be NULL"}, {},
                 [&] { return tensor_node_sequence(nullptr, &out); });
  OK(tensor_node_release(nullptr));
}

TEST_F(ObjectHandle, OfATensorIsNoNode) {
  auto* node = reinterpret_cast<tensor_node_t*>(static_cast<tensor_t*>(x_));
  uint64_t out = 0;
  const Refusal refusal{TENSOR_ERROR_INVALID_HANDLE,
                        "node is the handle of a tensor, not of a graph node"};
  expect_refusal(refusal, {x_}, [&] { return tensor_node_sequence(node, &out); });
  expect_refusal(refusal, {x_}, [&] { return tensor_node_release(node); });
}

TEST_F(ObjectHandle, OfANodeIsNoTensor) {
  const OwnedNode node = grad_fn_node(y_);
  auto* t = reinterpret_cast<tensor_t*>(static_cast<tensor_node_t*>(node));
  int64_t out = 0;
  const Refusal refusal{TENSOR_ERROR_INVALID_HANDLE,
                        "t is the handle of a graph node, not of a tensor"};
  expect_refusal(refusal, {}, [&] { return tensor_numel(t, &out); });
  expect_refusal(refusal, {}, [&] { return tensor_release(t); });
}

TEST_F(ObjectHandle, IsNotReleasedByAScope) {
  OK(tensor_scope_push());
  const OwnedNode node = grad_fn_node(y_);
  OK(tensor_scope_pop(nullptr, 0));
  uint64_t out = 0;
  OK(tensor_node_sequence(node, &out));
}

TEST_F(ObjectHandle, LivesInSlotsThatAreUsedAgain) {
  const size_t before = tensor_live_handles();
  std::vector<OwnedNode> nodes;
  for (int i = 0; i < 1000; ++i) nodes.push_back(grad_fn_node(y_));
  EXPECT_EQ(tensor_live_handles(), before + 1000);
  nodes.clear();
  for (int i = 0; i < 1000; ++i) nodes.push_back(grad_fn_node(y_));
  EXPECT_EQ(tensor_live_handles(), before + 1000);
}

}  // namespace
}  // namespace test
