// What stands behind the functions of a program that provides a device's memory: the events of the
// provider that the device came with, and no memory.
#pragma once

#include "memory/provider.h"

namespace libtensor::memory {

class EventsOnly final : public MemoryProvider {
 public:
  explicit EventsOnly(MemoryProvider& of_device) : device_(of_device) {}

  ProviderProperties properties() const override {
    ProviderProperties properties = device_.properties();
    properties.name = "memory of the program's provider";
    properties.virtual_memory = false;
    return properties;
  }
  Info info() override { return device_.info(); }
  void* allocate(size_t) override { return nullptr; }
  void free(void*, size_t) noexcept override {}

  void* reserve(size_t) override { return nullptr; }
  void unreserve(void*, size_t) noexcept override {}
  bool create(size_t, Physical*) override { return false; }
  void destroy(Physical, size_t) noexcept override {}
  bool map(void*, size_t, Physical) override { return false; }
  bool open(void*, size_t) override { return false; }
  void unmap(void*, size_t) noexcept override {}

  Event record(Stream stream) noexcept override { return device_.record(stream); }
  bool passed(Event event) noexcept override { return device_.passed(event); }
  bool wait(Event event) noexcept override { return device_.wait(event); }
  void release(Event event) noexcept override { device_.release(event); }
  void watch_allocated(void* data, size_t bytes, Stream stream) noexcept override {
    device_.watch_allocated(data, bytes, stream);
  }
  void watch_freed(void* data, size_t bytes, Stream stream) noexcept override {
    device_.watch_freed(data, bytes, stream);
  }

 private:
  MemoryProvider& device_;
};

}  // namespace libtensor::memory
