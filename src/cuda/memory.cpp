#include "cuda/memory.h"

#include "cuda/pinned_provider.h"
#include "cuda/plain_memory.h"
#include "cuda/providers.h"

namespace libtensor::cuda {
namespace {

constexpr int kMaxDevices = 64;

// They live in the library, as long as the process.
memory::Allocator* devices[kMaxDevices] = {};
memory::Allocator* pinned = nullptr;

memory::Stream numbered(cudaStream_t stream) { return reinterpret_cast<memory::Stream>(stream); }

std::unique_ptr<memory::MemoryProvider> provider_for(int device) {
  const DriverFunctions* const driver = driver_functions();
  if (driver && has_virtual_memory(device, *driver)) {
    return std::make_unique<VirtualProvider>(device, *driver);
  }
  return std::make_unique<PlainProvider>(device);
}

}  // namespace

void open_memory(int device, const PluginHost& host) {
  check(device < kMaxDevices, "more than ", kMaxDevices, " devices");
  const Device named{DeviceType::kCuda, static_cast<int16_t>(device)};
  devices[device] = &host.make_allocator(named, provider_for(device));
  if (!pinned) pinned = &host.make_pinned_allocator(std::make_unique<PinnedProvider>());
}

void* allocate_memory(const Context& context, size_t bytes) {
  if (bytes == 0) return nullptr;
  if (no_memory_caching()) return allocate_plain(context, bytes);
  return devices[context.device]->allocate(bytes, numbered(context.stream));
}

void free_memory(int device, void* data) noexcept {
  if (!data) return;
  if (no_memory_caching()) return free_plain(device, data);
  devices[device]->free(data);
}

void* allocate_pinned(size_t bytes) { return pinned->allocate(bytes, kHostStream); }
void free_pinned(void* data) noexcept { pinned->free(data); }
bool is_pinned(const void* data) { return pinned->owns(data); }

void record_use(const void* data, int device, cudaStream_t stream) {
  if (devices[device]->record_stream(data, numbered(stream))) return;
  pinned->record_stream(data, stream_of_device(device, stream));
}

}  // namespace libtensor::cuda
