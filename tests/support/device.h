// The device that the tests' tensors live on: LIBTENSOR_TEST_DEVICE (cpu or cuda), the CPU where it
// is not set.
//
// With LIBTENSOR_EMULATED_CUDA, the path of the emulated plug-in, that one serves the CUDA devices:
// each test runs with a seed made of its name (LIBTENSOR_TEST_SEED: with that one) and fails where
// the emulator has something to report. Tests that cpu_only.txt names are skipped on other devices.
#pragma once

#include <tensor/tensor.h>

namespace test {

tensor_device_t device();
inline bool on_cpu() { return device().type == TENSOR_CPU; }
// How often a test repeats what is there for its number alone: less where each call costs a kernel.
inline int repetitions(int on_the_cpu) { return on_cpu() ? on_the_cpu : on_the_cpu / 50; }

// While it lives, CUDA devices look at indices and divisors before a call returns, as the CPU does.
struct AtOnce {
  AtOnce() { tensor_cuda_check_at_once(true); }
  ~AtOnce() { tensor_cuda_check_at_once(false); }
  AtOnce(const AtOnce&) = delete;
  AtOnce& operator=(const AtOnce&) = delete;
};

}  // namespace test
