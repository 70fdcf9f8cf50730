#include "memory/device_memory.h"

#include <array>
#include <atomic>
#include <new>
#include <string>
#include <utility>

#include "core/device_runtime.h"
#include "core/plugin.h"
#include "memory/events_only.h"
#include "memory/host_memory.h"

namespace libtensor::memory {
namespace {

constexpr int kMaxDevices = 64;

// One device's memory: the plug-in's, or that of functions of the program. Blocks go back to the
// allocator that they came from.
class DeviceMemory final : public Allocator {
 public:
  DeviceMemory(std::unique_ptr<MemoryProvider> provider, const std::string& name)
      : devices_(std::move(provider), name),
        source_(new ReplaceableProvider(std::make_unique<EventsOnly>(devices_.provider()))),
        programs_(std::unique_ptr<MemoryProvider>(source_), name) {}

  CachingAllocator& current() { return *current_.load(std::memory_order_acquire); }
  void replace(std::shared_ptr<Source> source) {
    CachingAllocator& next = source ? programs_ : devices_;
    source_->replace(std::move(source));
    current_.exchange(&next)->empty_cache();
  }

  void* allocate(size_t bytes, Stream stream) override { return current().allocate(bytes, stream); }
  bool free(void* data) noexcept override {
    CachingAllocator& now = current();
    return now.free(data) || free_in(&now == &devices_ ? programs_ : devices_, data);
  }
  bool record_stream(const void* data, Stream stream) override {
    return current().record_stream(data, stream) || devices_.record_stream(data, stream) ||
           programs_.record_stream(data, stream);
  }
  bool owns(const void* data) override { return devices_.owns(data) || programs_.owns(data); }

 private:
  // Of an allocator that is no longer used: with the last block, all of its memory goes back.
  static bool free_in(CachingAllocator& former, void* data) noexcept {
    if (!former.free(data)) return false;
    try {
      if (former.statistics().allocated.now == 0) former.empty_cache();
    } catch (const std::bad_alloc&) {
      // With the next block, or never.
    }
    return true;
  }

  CachingAllocator devices_;
  ReplaceableProvider* const source_;  // of programs_
  CachingAllocator programs_;
  std::atomic<CachingAllocator*> current_{&devices_};
};

// Of CUDA devices, by index.
constinit std::array<std::atomic<DeviceMemory*>, kMaxDevices> memories{};
constinit std::atomic<CachingAllocator*> pinned{nullptr};

Allocator& make_allocator(Device device, std::unique_ptr<MemoryProvider> provider) {
  check(device.type == DeviceType::kCuda && device.index >= 0 && device.index < kMaxDevices,
        "no allocator can be made for ", device);
  auto* const made = new DeviceMemory(std::move(provider), device.name());
  memories[device.index].store(made);
  return *made;
}

Allocator& make_pinned_allocator(std::unique_ptr<MemoryProvider> provider) {
  auto* const made = new CachingAllocator(std::move(provider), "pinned");
  pinned.store(made);
  return *made;
}

[[maybe_unused]] const bool offered = [] {
  plugin_host.make_allocator = make_allocator;
  plugin_host.make_pinned_allocator = make_pinned_allocator;
  return true;
}();

}  // namespace

CachingAllocator& allocator_of(Device device) {
  if (device.is_cpu()) return host_allocator();
  runtime_for(device);  // throws where there is no such device
  return memories[device.index].load()->current();
}

void replace_source(Device device, std::shared_ptr<Source> source) {
  if (device.is_cpu()) return replace_host_source(std::move(source));
  runtime_for(device);
  memories[device.index].load()->replace(std::move(source));
}

CachingAllocator* pinned_allocator() { return pinned.load(); }

}  // namespace libtensor::memory
