// Which function carries out a call on a device. A call is a plain struct of core/calls with a name
// of its own (`kName`); a device's kernels add themselves when their library is loaded, and what a
// device does not have is not implemented there. Nobody lists them: a file of kernels that is
// linked is registered. Looking one up takes no lock.
#pragma once

#include <atomic>

#include "core/device.h"

namespace libtensor {

template <class Call>
using Kernel = void (*)(Device device, const Call& call);

// A call's functions, by type of device. Library and plug-in have each their own; they know each
// other's by the name.
struct KernelSlot {
  using Function = void (*)();  // a Kernel of the call, its type left out
  static constexpr int kDeviceTypes = 3;

  const char* const name;
  std::atomic<Function> functions[kDeviceTypes] = {};
  const KernelSlot* next = nullptr;  // in the list of those that have functions
  bool listed = false;

  constexpr explicit KernelSlot(const char* call) : name(call) {}
};

// Zeroed before any code runs, so that kernels may be added in any order while a library is loaded.
template <class Call>
inline constinit KernelSlot kernel_slot{Call::kName};

namespace internal {
void add_kernel(KernelSlot& slot, DeviceType type, KernelSlot::Function function) noexcept;
// Where the slot has none: a plug-in's. Throws Error(kNotImplemented) where that has none either.
KernelSlot::Function find_kernel(KernelSlot& slot, Device device);
}  // namespace internal

// For use while a library is loaded, by one thread; by tests, with nullptr, to take it back.
template <class Call>
void add_kernel(DeviceType type, Kernel<Call> kernel) noexcept {
  internal::add_kernel(kernel_slot<Call>, type, reinterpret_cast<KernelSlot::Function>(kernel));
}

// Carries out a call. Its work is put into the calling thread's current stream of the device, and
// what the call points to besides tensors' memory may go as soon as this returns.
template <class Call>
void run_kernel(Device device, const Call& call) {
  KernelSlot& slot = kernel_slot<Call>;
  KernelSlot::Function function =
      slot.functions[static_cast<int>(device.type)].load(std::memory_order_acquire);
  if (!function) [[unlikely]]
    function = internal::find_kernel(slot, device);
  reinterpret_cast<Kernel<Call>>(function)(device, call);
}

// The kernels that this library, or plug-in, has: what a plug-in hands to the library.
const KernelSlot* own_kernels() noexcept;
// Kernels of a plug-in, which stay loaded with it.
void adopt_kernels(const KernelSlot* kernels) noexcept;

}  // namespace libtensor
