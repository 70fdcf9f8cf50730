// Host memory, straight from the system.
#pragma once

#include "memory/provider.h"

namespace libtensor::memory {

class HostProvider final : public MemoryProvider {
 public:
  ProviderProperties properties() const override;
  Info info() override;
  // Aligned to 2 MiB, so that the system can use huge pages.
  void* allocate(size_t bytes) override;
  void free(void* data, size_t bytes) noexcept override;

  // The host has no virtual memory of this kind, and no streams.
  void* reserve(size_t) override { return nullptr; }
  void unreserve(void*, size_t) noexcept override {}
  bool create(size_t, Physical*) override { return false; }
  void destroy(Physical, size_t) noexcept override {}
  bool map(void*, size_t, Physical) override { return false; }
  bool open(void*, size_t) override { return false; }
  void unmap(void*, size_t) noexcept override {}
  Event record(Stream) noexcept override { return kPassedEvent; }
  bool passed(Event) noexcept override { return true; }
  bool wait(Event) noexcept override { return true; }
  void release(Event) noexcept override {}
};

}  // namespace libtensor::memory
