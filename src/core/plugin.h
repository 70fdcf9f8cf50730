// The CUDA backend is a library of its own, opened when it is first needed: libtensor.so itself
// loads on every machine.
#pragma once

#include <cstdint>
#include <memory>

#include "core/device_runtime.h"
#include "core/kernel_registry.h"

namespace libtensor {

namespace memory {
class Allocator;
class MemoryProvider;
}  // namespace memory

// What the library offers a plug-in. Allocators live as long as the process.
struct PluginHost {
  // So many devices are there, with these kernels; `open` makes the runtime of one when it is first
  // used.
  void (*add)(int count, DeviceRuntime* (*open)(int index), const KernelSlot* kernels);
  // Of a device's memory.
  memory::Allocator& (*make_allocator)(Device, std::unique_ptr<memory::MemoryProvider>);
  // Of the host's memory that devices can reach. Its streams are numbered by the provider.
  memory::Allocator& (*make_pinned_allocator)(std::unique_ptr<memory::MemoryProvider>);
};

// What a plug-in exports, as `extern "C"`, under the name kPluginEntry. It calls add() and returns
// nullptr; or the reason why there are no devices, which stays valid. It uses no device yet.
using PluginEntry = const char* (*)(uint32_t interface, const PluginHost& host);
inline constexpr const char* kPluginEntry = "libtensor_plugin";
// Raised when core/device_runtime.h, core/kernel_registry.h, core/calls, memory/provider.h or
// memory/allocator.h changes: library and plug-in must be of one build.
inline constexpr uint32_t kPluginInterface = 7;

// Filled in by src/memory when the library is loaded.
extern PluginHost plugin_host;

// Opens the plug-in in the file `path`, whose devices take the place of none, and never of others.
// Throws Error(kUnavailable) with the reason.
void load_backend(const char* path);

// Opens the plug-in beside the library, once; throws Error(kUnavailable) with the reason, each
// time.
void open_cuda();
bool cuda_is_available() noexcept;
// "" where it is available. Lives as long as the process.
const char* cuda_unavailable_reason() noexcept;

}  // namespace libtensor
