// What a kernel is written in, for the host's compiler. The counterpart for nvcc is
// src/cuda/nvidia/device_language.h.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>

#include "cuda/launch_config.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

// The place of the thread that runs now.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace cuda_emulator {

// A launched kernel with its arguments, which threads may read.
struct KernelCall {
  virtual ~KernelCall() = default;
  virtual void run_thread() = 0;
  size_t bytes = 0;  // of the whole object
};

cudaError_t enqueue(std::unique_ptr<KernelCall> call, const libtensor::cuda::LaunchConfig& config);

void* shared_memory();
// Every lane of `mask` puts in a value; then each gets that of the lane it names, -1: its own.
uint64_t exchange(unsigned mask, uint64_t value, int lane_to_read);
unsigned vote(unsigned mask, bool value);
void synchronize_block();
// Before an atomic operation of the thread that runs now.
void note_atomic(const void* address, size_t size);

template <class T>
T shuffle(unsigned mask, T value, int lane) {
  static_assert(sizeof(T) <= 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = exchange(mask, bits, lane);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

unsigned lane_id();

template <class T, class F>
[[gnu::no_sanitize("thread")]] T atomic_update(T* address, F update) {
  note_atomic(address, sizeof(T));
  const T old = *address;
  *address = update(old);
  return old;
}

}  // namespace cuda_emulator

inline void __syncthreads() { cuda_emulator::synchronize_block(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { cuda_emulator::exchange(mask, 0, -1); }
inline void __threadfence() {}
inline void __threadfence_system() {}

template <class T>
T __shfl_sync(unsigned mask, T value, int source) {
  return cuda_emulator::shuffle(mask, value, source & 31);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return cuda_emulator::shuffle(mask, value, static_cast<int>(cuda_emulator::lane_id()) ^ lanes);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta) {
  const unsigned lane = cuda_emulator::lane_id() + delta;
  return cuda_emulator::shuffle(mask, value, lane < 32 ? static_cast<int>(lane) : -1);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta) {
  const unsigned lane = cuda_emulator::lane_id();
  return cuda_emulator::shuffle(mask, value, lane >= delta ? static_cast<int>(lane - delta) : -1);
}
inline unsigned __ballot_sync(unsigned mask, bool value) {
  return cuda_emulator::vote(mask, value);
}
inline bool __any_sync(unsigned mask, bool value) { return cuda_emulator::vote(mask, value) != 0; }
inline bool __all_sync(unsigned mask, bool value) {
  return cuda_emulator::vote(mask, value) == mask;
}

template <class T>
[[gnu::no_sanitize("thread")]] T atomicAdd(T* address, T value) {
  return cuda_emulator::atomic_update(address, [=](T old) { return old + value; });
}
template <class T>
[[gnu::no_sanitize("thread")]] T atomicMin(T* address, T value) {
  return cuda_emulator::atomic_update(address, [=](T old) { return old < value ? old : value; });
}
template <class T>
[[gnu::no_sanitize("thread")]] T atomicMax(T* address, T value) {
  return cuda_emulator::atomic_update(address, [=](T old) { return old > value ? old : value; });
}
template <class T>
[[gnu::no_sanitize("thread")]] T atomicCAS(T* address, T expected, T value) {
  return cuda_emulator::atomic_update(address,
                                      [=](T old) { return old == expected ? value : old; });
}

// The GPU's fast sine and cosine have errors of their own, which are not modelled.
inline void __sincosf(float x, float* sine, float* cosine) {
  *sine = std::sin(x);
  *cosine = std::cos(x);
}
inline void sincospi(double x, double* sine, double* cosine) {
  *sine = std::sin(x * M_PI);
  *cosine = std::cos(x * M_PI);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}

namespace libtensor::cuda {

// The block's dynamic shared memory.
template <class T>
T* shared_memory() {
  return static_cast<T*>(cuda_emulator::shared_memory());
}

// What PTX's cvt.rzi does, which is not what the host's processor does: "Clamping ... the result is
// clamped to the destination range by default", and NaN gives "zero if source is not .f64 and
// destination is not .s64, .u64; otherwise 1 << (BitWidth(dst) - 1)" (PTX ISA 9.0, cvt).
template <class Integer, class Real>
Integer to_integer(Real value) {
  using Limits = std::numeric_limits<Integer>;
  constexpr bool kNarrow = sizeof(Real) == 4 && sizeof(Integer) == 4;
  if (value != value) return kNarrow ? 0 : Limits::min();
  constexpr Real kEnd = -static_cast<Real>(Limits::min());  // the first number beyond the range
  if (value >= kEnd) return Limits::max();
  return value < -kEnd ? Limits::min() : static_cast<Integer>(value);
}

template <class... Parameters, class... Arguments>
cudaError_t start_kernel(void (*kernel)(Parameters...), const LaunchConfig& config,
                         Arguments&&... arguments) {
  struct Call final : cuda_emulator::KernelCall {
    Call(void (*started)(Parameters...), Arguments&&... given)
        : code(started), parameters(std::forward<Arguments>(given)...) {
      bytes = sizeof(Call);
    }
    void run_thread() override { std::apply(code, parameters); }

    void (*code)(Parameters...);
    std::tuple<Parameters...> parameters;
  };
  return cuda_emulator::enqueue(
      std::make_unique<Call>(kernel, std::forward<Arguments>(arguments)...), config);
}

}  // namespace libtensor::cuda
