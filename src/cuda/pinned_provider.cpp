#include "cuda/pinned_provider.h"

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/events.h"

namespace libtensor::cuda {
namespace {

// Addresses of the host end below this bit.
constexpr int kDeviceShift = 48;
constexpr memory::Stream kStreamMask = (memory::Stream{1} << kDeviceShift) - 1;

}  // namespace

memory::Stream stream_of_device(int device, cudaStream_t stream) {
  return (static_cast<memory::Stream>(device + 1) << kDeviceShift) |
         (reinterpret_cast<memory::Stream>(stream) & kStreamMask);
}

memory::ProviderProperties PinnedProvider::properties() const {
  memory::ProviderProperties properties;
  properties.name = "pinned memory";
  properties.alignment = 64;  // as the host's other memory
  properties.slack = 0.5;     // to pin a page costs more than to clear it
  return properties;
}

memory::MemoryProvider::Info PinnedProvider::info() { return {SIZE_MAX, SIZE_MAX}; }

void* PinnedProvider::allocate(size_t bytes) {
  void* data = nullptr;
  const cudaError_t error = cudaHostAlloc(&data, bytes, cudaHostAllocPortable);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check_cuda(error, "cudaHostAlloc");
  return data;
}

void PinnedProvider::free(void* data, size_t) noexcept {
  const AllocatorScope scope;  // the driver waits for the devices
  if (cudaFreeHost(data) != cudaSuccess) cudaGetLastError();
}

memory::Event PinnedProvider::record(memory::Stream stream) noexcept {
  if (stream == kHostStream) return memory::kPassedEvent;  // it has done what it has done
  const QuietGuard guard(static_cast<int>(stream >> kDeviceShift) - 1);
  return mark(nullptr, reinterpret_cast<cudaStream_t>(stream & kStreamMask));
}

bool PinnedProvider::passed(memory::Event event) noexcept { return has_passed(event); }
bool PinnedProvider::wait(memory::Event event) noexcept { return wait_for(event); }
void PinnedProvider::release(memory::Event event) noexcept {
  if (event != memory::kPassedEvent) cudaEventDestroy(native_event(event));
}

}  // namespace libtensor::cuda
