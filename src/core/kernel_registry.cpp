#include "core/kernel_registry.h"

#include <cstring>

namespace libtensor {
namespace {

constinit const KernelSlot* own = nullptr;
constinit std::atomic<const KernelSlot*> adopted{nullptr};

KernelSlot::Function adopted_kernel(const char* name, DeviceType type) {
  for (const KernelSlot* slot = adopted.load(std::memory_order_acquire); slot; slot = slot->next) {
    if (std::strcmp(slot->name, name) == 0) return slot->functions[static_cast<int>(type)].load();
  }
  return nullptr;
}

}  // namespace

namespace internal {

void add_kernel(KernelSlot& slot, DeviceType type, KernelSlot::Function function) noexcept {
  slot.functions[static_cast<int>(type)].store(function, std::memory_order_release);
  if (slot.listed) return;
  slot.listed = true;
  slot.next = own;
  own = &slot;
}

KernelSlot::Function find_kernel(KernelSlot& slot, Device device) {
  const KernelSlot::Function function = adopted_kernel(slot.name, device.type);
  check_as(Status::kNotImplemented, function != nullptr, "Could not run '", slot.name,
           "' with arguments from the '", device.is_cpu() ? "CPU" : "CUDA",
           "' backend: it is not implemented there.");
  slot.functions[static_cast<int>(device.type)].store(function, std::memory_order_release);
  return function;
}

}  // namespace internal

const KernelSlot* own_kernels() noexcept { return own; }

void adopt_kernels(const KernelSlot* kernels) noexcept {
  adopted.store(kernels, std::memory_order_release);
}

}  // namespace libtensor
