// What the library tells of who holds whom: tensor/ownership.h.
#include <algorithm>
#include <set>

#include "support/callbacks.h"

namespace test {
namespace {

int destroyed = 0;
void destroy(void*) { ++destroyed; }
void destroy_otherwise(void*) {}
void* user(uintptr_t number) { return reinterpret_cast<void*>(number); }

tensor_status_t keep(void*, tensor_t**) { return TENSOR_OK; }

// What can be reached from a handle, and what has other holders.
class Told {
 public:
  explicit Told(std::vector<const void*> handles) {
    std::vector<uint64_t> numbers;
    for (const void* handle : handles) numbers.push_back(reinterpret_cast<uint64_t>(handle));
    size_t count = 0;
    EXPECT_EQ(tensor_ownership(numbers.data(), numbers.size(), destroy, nullptr, 0, &count),
              TENSOR_OK);
    entries_.resize(count);
    EXPECT_EQ(
        tensor_ownership(numbers.data(), numbers.size(), destroy, entries_.data(), count, &count),
        TENSOR_OK);
  }
  bool empty() const { return entries_.empty(); }
  std::set<uint64_t> users_below(size_t handle) const {
    return users(objects_below(to_of(TENSOR_OWNERSHIP_HANDLE, handle)));
  }
  std::set<uint64_t> users_held_elsewhere() const {
    std::set<uint64_t> roots;
    for (const auto& one : entries_) {
      if (one.kind == TENSOR_OWNERSHIP_OTHER) roots.insert(one.to);
    }
    return users(objects_below(roots));
  }

 private:
  std::set<uint64_t> to_of(int32_t kind, uint64_t from) const {
    std::set<uint64_t> found;
    for (const auto& one : entries_) {
      if (one.kind == kind && one.from == from) found.insert(one.to);
    }
    return found;
  }
  std::set<uint64_t> objects_below(std::set<uint64_t> found) const {
    for (size_t before = 0; before != found.size();) {
      before = found.size();
      for (uint64_t object : std::set<uint64_t>(found))
        found.merge(to_of(TENSOR_OWNERSHIP_OBJECT, object));
    }
    return found;
  }
  std::set<uint64_t> users(const std::set<uint64_t>& objects) const {
    std::set<uint64_t> found;
    for (uint64_t object : objects) found.merge(to_of(TENSOR_OWNERSHIP_USER, object));
    return found;
  }

  std::vector<tensor_ownership_t> entries_;
};

using Users = std::set<uint64_t>;

class Ownership : public TensorTest {
 protected:
  static void hook(tensor_t* t, uintptr_t number) {
    OK(tensor_register_hook(t, keep, user(number), destroy, nullptr));
  }
};

TEST_F(Ownership, HooksOfLeavesAndResults) {
  const Owned x = leaf({1}), y = call(tensor_exp, x), other = leaf({1});
  EXPECT_TRUE(Told({x, y, other}).empty());
  hook(x, 1);
  hook(y, 2);
  OK(tensor_register_hook(y, keep, user(3), destroy_otherwise, nullptr));
  const Told told({x, other, y});
  EXPECT_EQ(told.users_below(0), Users{1});
  EXPECT_EQ(told.users_below(1), Users{});
  EXPECT_EQ(told.users_below(2), (Users{1, 2}));
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
}

TEST_F(Ownership, HandlesThatAreNotGivenAreOthers) {
  const Owned x = leaf({1}), y = call(tensor_exp, x), z = call(tensor_exp, y);
  hook(y, 2);
  EXPECT_EQ(Told({x, y, z}).users_held_elsewhere(), Users{});
  EXPECT_EQ(Told({x, z}).users_held_elsewhere(), Users{2});
  tensor_t* again = nullptr;
  OK(tensor_retain(z, &again));
  EXPECT_EQ(Told({x, y, z}).users_held_elsewhere(), Users{2});
  EXPECT_EQ(Told({x, y, z, again}).users_held_elsewhere(), Users{});
  OK(tensor_release(again));
  EXPECT_EQ(Told({x, y, z, again}).users_held_elsewhere(), Users{});
}

TEST_F(Ownership, NodesAndHooks) {
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  tensor_node_t* node = nullptr;
  tensor_hook_t* handle = nullptr;
  OK(tensor_grad_fn(y, &node));
  const auto run = [](void*, tensor_t**, size_t) -> tensor_status_t { return TENSOR_OK; };
  OK(tensor_node_register_prehook(node, run, user(5), destroy, &handle));
  EXPECT_EQ(Told({y}).users_held_elsewhere(), Users{5});
  const Told told({y, node, handle});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
  for (size_t i : {0, 1, 2}) EXPECT_EQ(told.users_below(i), Users{5});
  OK(tensor_hook_remove(handle));
  EXPECT_TRUE(Told({y, node, handle}).empty());
  OK(tensor_hook_release(handle));
  OK(tensor_node_release(node));
}

TEST_F(Ownership, HooksOfSeveralTensors) {
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  tensor_t* both[] = {x, y};
  tensor_hook_t* handle = nullptr;
  const auto run = [](void*, tensor_t* const*, size_t) -> tensor_status_t { return TENSOR_OK; };
  OK(tensor_register_multi_grad_hook(both, 2, run, user(6), destroy, &handle));
  const Told told({x, y, handle});
  for (size_t i : {0, 1, 2}) EXPECT_EQ(told.users_below(i), Users{6});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
  OK(tensor_hook_release(handle));
}

TEST_F(Ownership, GradientsThatAreRetained) {
  const Owned x = leaf({1}), y = call(tensor_exp, x), g = leaf({1});
  hook(g, 7);
  OK(tensor_set_grad(x, g));
  OK(tensor_retain_grad(y));
  const Told told({x, g, y});
  EXPECT_EQ(told.users_below(0), Users{7});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
}

tensor_status_t pass_on(void*, tensor_function_t*, tensor_t* const* grads, size_t, tensor_t** out,
                        size_t) {
  return tensor_retain(grads[0], out);
}

Owned custom(tensor_t* x, uintptr_t number, bool in_place) {
  tensor_function_t* function = nullptr;
  EXPECT_EQ(tensor_function_begin(&x, 1, "Custom", pass_on, user(number), destroy, &function),
            TENSOR_OK);
  const Owned copy = call(tensor_detach, x);
  tensor_t *output = in_place ? x : static_cast<tensor_t*>(copy), *result = nullptr;
  EXPECT_EQ(tensor_function_mark_dirty(function, &output, in_place ? 1 : 0), TENSOR_OK);
  EXPECT_EQ(tensor_function_save_for_backward(function, &output, 1), TENSOR_OK);
  EXPECT_EQ(tensor_function_finish(function, &output, 1, &result), TENSOR_OK);
  EXPECT_EQ(tensor_function_release(function), TENSOR_OK);
  return Owned(result);
}

TEST_F(Ownership, CustomFunctions) {
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  const Owned z = custom(y, 8, false);
  Told told({x, y, z});
  EXPECT_EQ(told.users_below(1), Users{});
  EXPECT_EQ(told.users_below(2), Users{8});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
  const Owned same = custom(y, 9, true);
  told = Told({x, y, z, same});
  EXPECT_EQ(told.users_below(1), Users{9});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
}

TEST_F(Ownership, CustomFunctionThatChangesAView) {
  const Owned x = leaf({1, 2}), y = call(tensor_exp, x);
  tensor_t* view = nullptr;
  OK(tensor_narrow(y, 0, 0, 1, &view));
  const Owned part(view), same = custom(part, 10, true);
  const Told told({x, y, part, same});
  EXPECT_EQ(told.users_below(1), Users{10});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
}

TEST_F(Ownership, SavedTensorHooksAndWhatTheyPacked) {
  const Owned x = leaf({1});
  const auto pack = [](void*, tensor_t*, void** packed) -> tensor_status_t {
    *packed = user(12);
    return TENSOR_OK;
  };
  const auto unpack = [](void*, void*, tensor_t**) -> tensor_status_t {
    return TENSOR_ERROR_VALUE;
  };
  OK(tensor_saved_tensors_hooks_push(pack, unpack, nullptr, user(11), destroy));
  const Owned y = call(tensor_exp, x);
  EXPECT_EQ(Told({x, y}).users_held_elsewhere(), Users{11});
  OK(tensor_saved_tensors_hooks_pop());
  const Told told({x, y});
  EXPECT_EQ(told.users_below(1), (Users{11, 12}));
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
}

TEST_F(Ownership, Checkpoints) {
  const Owned x = leaf({1});
  const auto run = [](void*, tensor_t* const* inputs, size_t, tensor_t** outputs,
                      size_t) -> tensor_status_t { return tensor_exp(inputs[0], outputs); };
  tensor_t *input = x, *output = nullptr;
  OK(tensor_checkpoint(run, user(13), destroy, &input, 1, nullptr, &output, 1));
  const Owned y(output);
  const Told told({x, y});
  EXPECT_EQ(told.users_below(1), Users{13});
  EXPECT_EQ(told.users_held_elsewhere(), Users{});
}

TEST_F(Ownership, ARunningPassHoldsItsGraph) {
  const Owned x = leaf({1});
  Owned y = call(tensor_exp, x);
  hook(x, 14);
  bool looked = false;
  on_tensor(y, [&](tensor_t**) {
    looked = true;
    EXPECT_EQ(Told({x, y}).users_held_elsewhere(), Users{14});
    return TENSOR_OK;
  });
  OK(tensor_backward(y));
  EXPECT_TRUE(looked);
}

TEST_F(Ownership, ManyNodesPassOn) {
  const Owned x = leaf({1});
  hook(x, 15);
  Owned y = call(tensor_exp, x);
  for (int i = 0; i < repetitions(10000); ++i) y = call(tensor_neg, y);
  uint64_t numbers[] = {reinterpret_cast<uint64_t>(static_cast<tensor_t*>(x)),
                        reinterpret_cast<uint64_t>(static_cast<tensor_t*>(y))};
  size_t count = 0;
  OK(tensor_ownership(numbers, 2, destroy, nullptr, 0, &count));
  EXPECT_LT(count, 10u);
  EXPECT_EQ(Told({x, y}).users_below(1), Users{15});
}

TEST_F(Ownership, Companions) {
  destroyed = 0;
  Owned x = leaf({1});
  const Owned y = call(tensor_exp, x);
  bool shared = false;
  OK(tensor_is_shared(x, &shared));
  EXPECT_TRUE(shared);  // by the AccumulateGrad
  OK(tensor_is_shared(y, &shared));
  EXPECT_FALSE(shared);
  OK(tensor_set_companion(x, user(1), destroy));
  EXPECT_EQ(Told({x, y}).users_below(0), Users{1});
  EXPECT_EQ(Told({y}).users_held_elsewhere(), Users{1});
  OK(tensor_set_companion(x, user(2), destroy));
  EXPECT_EQ(destroyed, 1);
  OK(tensor_set_companion(x, nullptr, nullptr));
  EXPECT_EQ(destroyed, 2);
  OK(tensor_set_companion(y, user(3), destroy));
  EXPECT_NE(tensor_set_companion(nullptr, user(4), destroy), TENSOR_OK);
  EXPECT_EQ(destroyed, 3);
  {
    const Owned z = leaf({1});
    OK(tensor_set_companion(z, user(5), destroy));
  }
  EXPECT_EQ(destroyed, 4);
  tensor_set_companion(y, nullptr, nullptr);
}

size_t collect() {
  size_t count = 99;
  EXPECT_EQ(tensor_collect_cycles(&count), TENSOR_OK);
  return count;
}

TEST_F(Ownership, TensorsThatOnlyTheirGradientsHold) {
  const Owned held = leaf({1, 2, 3});
  {
    const Owned view = call(tensor_alias, held);
    OK(tensor_set_grad(held, view));
  }
  EXPECT_EQ(collect(), 0u);
  EXPECT_TRUE(grad(held));
  destroyed = 0;
  {
    const Owned x = leaf({1, 2, 3}), view = call(tensor_alias, x);
    hook(x, 1);
    OK(tensor_set_grad(x, view));
    const Owned y = leaf({1}), z = leaf({2});
    hook(z, 2);
    OK(tensor_set_grad(y, z));
    OK(tensor_set_grad(z, y));
    const Owned u = leaf({1}), v = call(tensor_exp, u);
    hook(u, 3);
    tensor_backward_options_t options = tensor_backward_options_default();
    options.create_graph = true;
    OK(tensor_backward_with(v, &options));
    OK(tensor_retain_grad(v));
    EXPECT_EQ(collect(), 0u);
  }
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(collect(), 4u);
  EXPECT_EQ(destroyed, 3);
  EXPECT_EQ(collect(), 0u);
  EXPECT_TRUE(grad(held));
  OK(tensor_set_grad(held, nullptr));
  EXPECT_EQ(collect(), 0u);
}

TEST_F(Ownership, OneNumberForAllHandlesOfATensor) {
  const Owned x = leaf({1}), y = leaf({1});
  tensor_t* again = nullptr;
  OK(tensor_retain(x, &again));
  uint64_t of_x = 0, of_y = 0, of_again = 0;
  OK(tensor_id(x, &of_x));
  OK(tensor_id(y, &of_y));
  OK(tensor_id(again, &of_again));
  EXPECT_EQ(of_x, of_again);
  EXPECT_NE(of_x, of_y);
  OK(tensor_release(again));
}

TEST_F(Ownership, StrayHandlesLeadNowhere) {
  const Owned x = leaf({1});
  hook(x, 1);
  uint64_t numbers[] = {0, 1, 0x5100000000000001, ~uint64_t{0}, reinterpret_cast<uint64_t>(&x)};
  size_t count = 1;
  OK(tensor_ownership(numbers, 5, destroy, nullptr, 0, &count));
  EXPECT_EQ(count, 0u);
}

}  // namespace
}  // namespace test
