// Whatever calls a destroy, or another callback that gives no status: what that leaves open,
// switches or closes of its caller's is as it was before.
#include "support/callbacks.h"

namespace test {
namespace {

tensor_status_t pack(void*, tensor_t*, void** packed) {
  *packed = nullptr;
  return TENSOR_OK;
}
tensor_status_t unpack(void*, void*, tensor_t**) { return TENSOR_ERROR_VALUE; }
tensor_status_t set_saved_hooks() {
  return tensor_saved_tensors_hooks_push(pack, unpack, nullptr, nullptr, nullptr);
}

int calls = 0;

void misbehave(void*) {
  ++calls;
  bool on = false;
  tensor_grad_enabled(&on);
  tensor_grad_enabled_set(!on, nullptr);
  tensor_inference_mode_set(true, nullptr);
  for (int i = 0; i < 3; ++i) tensor_scope_pop(nullptr, 0);
  tensor_scope_push();
  tensor_saved_tensors_hooks_pop();
  set_saved_hooks();
}

// Each brings one about.
struct Door {
  const char* name;
  void (*open)();
};
const tensor_device_t kHost = {TENSOR_CPU, 0};
const Door kDoors[] = {
    {"MemoryOfTheHost",
     [] {
       float data[] = {1};
       const int64_t shape[] = {1};
       const tensor_options_t settings = options(TENSOR_FLOAT32);
       Owned blob;
       OK(tensor_from_blob(data, shape, nullptr, 1, &settings, misbehave, nullptr, blob.out()));
     }},
    {"Companion",
     [] {
       const Owned t = plain({1});
       OK(tensor_set_companion(t, nullptr, misbehave));
       OK(tensor_set_companion(t, nullptr, nullptr));
     }},
    {"CompanionOfNothing",
     [] { EXPECT_NE(tensor_set_companion(nullptr, nullptr, misbehave), TENSOR_OK); }},
    {"Hook",
     [] {
       const auto refuses = [](void*, tensor_t**) -> tensor_status_t { return TENSOR_ERROR_VALUE; };
       OwnedHook hook;
       const Owned t = leaf({1});
       OK(tensor_register_hook(t, refuses, nullptr, misbehave, hook.out()));
     }},
    {"Warnings",
     [] {
       const auto ignore = [](void*, const char*) -> tensor_status_t { return TENSOR_OK; };
       OK(tensor_set_warning_callback(ignore, nullptr, misbehave));
       OK(tensor_set_warning_callback(nullptr, nullptr, nullptr));
     }},
    {"Locations",
     [] {
       const auto nowhere = [](void*, char*, size_t, size_t*) -> tensor_status_t {
         return TENSOR_OK;
       };
       OK(tensor_set_location_callback(nowhere, nullptr, misbehave));
       OK(tensor_set_location_callback(nullptr, nullptr, nullptr));
     }},
    {"Pressure",
     [] {
       const auto none = [](void*, tensor_device_t, uint64_t) { return false; };
       OK(tensor_memory_set_pressure_callback(kHost, none, nullptr, misbehave));
       OK(tensor_memory_set_pressure_callback(kHost, nullptr, nullptr, nullptr));
     }},
    {"CallOfPressure",
     [] {
       const auto called = [](void*, tensor_device_t, uint64_t) {
         misbehave(nullptr);
         return false;
       };
       OK(tensor_memory_set_pressure_callback(kHost, called, nullptr, nullptr));
       OK(tensor_memory_set_budget(kHost, 1));
       const int64_t large[] = {int64_t{64} << 20};
       Owned none;
       EXPECT_EQ(tensor_empty(large, 1, nullptr, none.out()), TENSOR_ERROR_OUT_OF_MEMORY);
       OK(tensor_memory_set_budget(kHost, UINT64_MAX));
       OK(tensor_memory_set_pressure_callback(kHost, nullptr, nullptr, nullptr));
     }},
    {"Provider",
     [] {
       const auto allocate = [](void*, uint64_t) -> void* {
         misbehave(nullptr);
         return nullptr;
       };
       const auto release = [](void*, void*, uint64_t) {};
       OK(tensor_memory_set_provider(kHost, allocate, release, nullptr, misbehave));
       const int64_t large[] = {int64_t{64} << 20};
       Owned none;
       EXPECT_EQ(tensor_empty(large, 1, nullptr, none.out()), TENSOR_ERROR_OUT_OF_MEMORY);
       OK(tensor_memory_set_provider(kHost, nullptr, nullptr, nullptr, nullptr));
     }},
    {"DiscardedPack",
     [] {
       const auto discard = [](void*, void*) { misbehave(nullptr); };
       OK(tensor_saved_tensors_hooks_push(pack, unpack, discard, nullptr, nullptr));
       const Owned x = leaf({2});
       Owned y;
       OK(tensor_mul(x, x, y.out()));
       OK(tensor_saved_tensors_hooks_pop());
     }},
};

class Destroy : public TensorTest, public testing::WithParamInterface<size_t> {};

TEST_P(Destroy, MayMisbehave) {
  if (!on_cpu()) GTEST_SKIP() << "the memory here is the host's";
  calls = 0;
  OK(set_saved_hooks());
  OK(tensor_scope_push());
  kDoors[GetParam()].open();
  EXPECT_GT(calls, 0) << "it was not called";
  bool on = false;
  OK(tensor_grad_enabled(&on));
  EXPECT_TRUE(on);
  OK(tensor_inference_mode(&on));
  EXPECT_FALSE(on);
  EXPECT_EQ(tensor_scope_pop(nullptr, 0), TENSOR_OK) << "its caller's scope was closed";
  EXPECT_NE(tensor_scope_pop(nullptr, 0), TENSOR_OK) << "a scope was left open";
  EXPECT_EQ(tensor_saved_tensors_hooks_pop(), TENSOR_OK) << "its caller's hooks were taken off";
  EXPECT_NE(tensor_saved_tensors_hooks_pop(), TENSOR_OK) << "hooks were left set";
  tensor_inference_mode_set(false, nullptr);
  tensor_grad_enabled_set(true, nullptr);
}

INSTANTIATE_TEST_SUITE_P(By, Destroy, testing::Range(size_t{0}, std::size(kDoors)),
                         [](const testing::TestParamInfo<size_t>& one) {
                           return std::string(kDoors[one.param].name);
                         });

}  // namespace
}  // namespace test
