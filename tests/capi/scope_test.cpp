// Scopes: what a thread makes between push and pop goes at pop, but for what is kept.
#include <thread>

#include "support/refusal.h"

namespace test {
namespace {

class Scope : public TensorTest {};

bool is_live(const tensor_t* t) {
  int64_t out = 0;
  return tensor_numel(t, &out) == TENSOR_OK;
}

TEST_F(Scope, PopReleasesWhatWasMadeSincePush) {
  const Owned outside = filled({1}, 1);
  OK(tensor_scope_push());
  tensor_t* a = filled({1}, 2).give();
  tensor_t* b = call(tensor_add, outside, a).give();
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_FALSE(is_live(a));
  EXPECT_FALSE(is_live(b));
  EXPECT_TRUE(is_live(outside));
}

TEST_F(Scope, KeptHandlesGoToTheCaller) {
  OK(tensor_scope_push());
  tensor_t* a = filled({1}, 2).give();
  tensor_t* b = filled({1}, 3).give();
  tensor_t* const keep[] = {nullptr, b, nullptr, b};
  OK(tensor_scope_pop(keep, 4));
  EXPECT_FALSE(is_live(a));
  EXPECT_EQ(value(b), 3);
  OK(tensor_release(b));
}

TEST_F(Scope, KeptHandlesGoToTheScopeAround) {
  OK(tensor_scope_push());
  OK(tensor_scope_push());
  tensor_t* a = filled({1}, 2).give();
  tensor_t* const keep[] = {a};
  OK(tensor_scope_pop(keep, 1));
  EXPECT_TRUE(is_live(a));
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_FALSE(is_live(a));
}

TEST_F(Scope, KeepingAHandleFromOutsideIsFine) {
  const Owned outside = filled({1}, 1);
  OK(tensor_scope_push());
  tensor_t* const keep[] = {outside};
  OK(tensor_scope_pop(keep, 1));
  EXPECT_TRUE(is_live(outside));
}

TEST_F(Scope, HandlesReleasedInsideAreLeftAlone) {
  OK(tensor_scope_push());
  tensor_t* a = filled({1}, 2).give();
  OK(tensor_release(a));
  Owned outside;
  std::thread([&] { outside = filled({1}, 7); }).join();  // may take over the slot of `a`
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_EQ(value(outside), 7);
}

TEST_F(Scope, CountsRetainedAndSecondResultsToo) {
  const Owned t = from<float>({1, 3, 2}, {3});
  const size_t live = tensor_live_handles();
  OK(tensor_scope_push());
  tensor_t *values = nullptr, *indices = nullptr, *again = nullptr;
  OK(tensor_max_dim(t, 0, nullptr, &values, &indices));
  OK(tensor_retain(t, &again));
  EXPECT_EQ(tensor_live_handles(), live + 3);
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST_F(Scope, PopWithoutPushIsRefused) {
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "no scope is open on this thread"}, {},
                 [] { return tensor_scope_pop(nullptr, 0); });
}

TEST_F(Scope, PopWithABadKeepChangesNothing) {
  OK(tensor_scope_push());
  tensor_t* a = filled({1}, 2).give();
  tensor_t* const keep[] = {a, reinterpret_cast<tensor_t*>(uintptr_t{1})};
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] { return tensor_scope_pop(keep, 2); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_scope_pop(nullptr, 1); });
  EXPECT_TRUE(is_live(a));
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_FALSE(is_live(a));
}

// What a tensor calls when it goes, while its scope is being closed.
struct Closing {
  tensor_t *made = nullptr, *left_open = nullptr;
  tensor_status_t popped[2] = {};
};
void while_closing(void* user) {
  auto* seen = static_cast<Closing*>(user);
  seen->made = filled({1}, 4).give();
  EXPECT_EQ(tensor_scope_push(), TENSOR_OK);
  for (int i = 0; i < 200; ++i) filled({1}, i).give();
  for (tensor_status_t& status : seen->popped) status = tensor_scope_pop(nullptr, 0);
  EXPECT_EQ(tensor_scope_push(), TENSOR_OK);
  seen->left_open = filled({1}, 5).give();
}

TEST_F(Scope, ItsEndMayCallBack) {
  if (!on_cpu()) GTEST_SKIP() << "a blob is the host's";
  const size_t live = tensor_live_handles();
  float data[] = {1};
  const int64_t shape[] = {1};
  const tensor_options_t settings = options(TENSOR_FLOAT32);
  Closing seen;
  OK(tensor_scope_push());
  tensor_t* const outer = filled({1}, 1).give();
  OK(tensor_scope_push());
  tensor_t *blob = nullptr, *kept = filled({1}, 2).give();
  OK(tensor_from_blob(data, shape, nullptr, 1, &settings, while_closing, &seen, &blob));
  tensor_t* const after = filled({1}, 3).give();
  OK(tensor_scope_pop(&kept, 1));
  // The callback closes its own scopes and no other.
  EXPECT_EQ(seen.popped[0], TENSOR_OK);
  EXPECT_EQ(seen.popped[1], TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_FALSE(is_live(seen.left_open));
  for (const tensor_t* gone : {blob, after}) EXPECT_FALSE(is_live(gone));
  for (const tensor_t* there : {outer, kept, seen.made}) EXPECT_TRUE(is_live(there));
  EXPECT_EQ(tensor_live_handles(), live + 3);
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST_F(Scope, BelongsToItsThread) {
  OK(tensor_scope_push());
  Owned other;
  std::thread([&] {
    EXPECT_EQ(tensor_scope_pop(nullptr, 0), TENSOR_ERROR_INVALID_ARGUMENT);
    other = filled({1}, 9);
  }).join();
  OK(tensor_scope_pop(nullptr, 0));
  EXPECT_EQ(value(other), 9);
}

TEST_F(Scope, NestsDeeply) {
  for (int i = 0; i < 1000; ++i) {
    OK(tensor_scope_push());
    filled({1}, i).give();
  }
  for (int i = 0; i < 1000; ++i) OK(tensor_scope_pop(nullptr, 0));
}

TEST_F(Scope, LeftOpenByAThreadThatEndsHarmsNobody) {
  tensor_t* left = nullptr;
  std::thread([&] {
    tensor_scope_push();
    left = filled({1}, 3).give();
  }).join();
  EXPECT_EQ(value(left), 3);
  OK(tensor_release(left));
}

TEST_F(Scope, ReleasesAGraphMadeInside) {
  const Owned x = leaf({1, 2, 3});
  OK(tensor_scope_push());
  tensor_t* y = call(tensor_mul, x, x).give();
  tensor_t* z = call(tensor_sum, y).give();
  OK(tensor_backward(z));
  OK(tensor_scope_pop(nullptr, 0));
  expect_values(grad(x), {2, 4, 6});
}

}  // namespace
}  // namespace test
