// Which function a call finds, and what is said where there is none.
#include "core/kernel_registry.h"

#include <gtest/gtest.h>

#include <string>

namespace libtensor {
namespace {

constexpr Device kCuda{DeviceType::kCuda, 1};

template <int number>
struct Call {
  static constexpr const char* kName = number == 0 ? "nowhere" : number == 1 ? "here" : "elsewhere";
  int* seen;
};

TEST(KernelRegistry, WhatNobodyAddedIsNotImplemented) {
  int seen = 0;
  for (const auto& [device, name] : {std::pair{Device{}, "CPU"}, std::pair{kCuda, "CUDA"}}) {
    try {
      run_kernel(device, Call<0>{&seen});
      ADD_FAILURE() << "it ran";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kNotImplemented);
      EXPECT_EQ(error.what(), std::string("Could not run 'nowhere' with arguments from the '") +
                                  name + "' backend: it is not implemented there.");
    }
  }
}

TEST(KernelRegistry, EachTypeOfDeviceHasItsOwn) {
  add_kernel<Call<1>>(DeviceType::kCpu, [](Device, const Call<1>& call) { *call.seen = 1; });
  int seen = 0;
  EXPECT_THROW(run_kernel(kCuda, Call<1>{&seen}), Error);
  add_kernel<Call<1>>(DeviceType::kCuda,
                      [](Device device, const Call<1>& call) { *call.seen = 10 + device.index; });
  run_kernel(Device{}, Call<1>{&seen});
  EXPECT_EQ(seen, 1);
  run_kernel(kCuda, Call<1>{&seen});
  EXPECT_EQ(seen, 11);
  EXPECT_STREQ(own_kernels()->name, "here");
  add_kernel<Call<1>>(DeviceType::kCpu, nullptr);
  EXPECT_THROW(run_kernel(Device{}, Call<1>{&seen}), Error);
}

// A plug-in has slots of its own, which it hands over as a list.
TEST(KernelRegistry, KernelsOfAPluginAreFoundByName) {
  const Kernel<Call<2>> kernel = [](Device, const Call<2>& call) { *call.seen = 2; };
  static KernelSlot other("another");
  static KernelSlot slot("elsewhere");
  slot.functions[static_cast<int>(DeviceType::kCuda)] =
      reinterpret_cast<KernelSlot::Function>(kernel);
  other.next = &slot;
  adopt_kernels(&other);
  int seen = 0;
  run_kernel(kCuda, Call<2>{&seen});
  EXPECT_EQ(seen, 2);
  EXPECT_THROW(run_kernel(Device{}, Call<2>{&seen}), Error);
  adopt_kernels(nullptr);
  run_kernel(kCuda, Call<2>{&seen});  // found before
}

}  // namespace
}  // namespace libtensor
