// Where the caching allocator (src/memory) takes a CUDA device's memory from.
#pragma once

#include <cuda_runtime.h>

#include <mutex>
#include <vector>

#include "cuda/driver.h"
#include "memory/provider.h"

namespace libtensor::cuda {

// What both kinds share: the device, and its events, which are kept in a pool.
class CudaProvider : public memory::MemoryProvider {
 public:
  explicit CudaProvider(int device) : device_(device) {}
  ~CudaProvider() override;

  Info info() override;
  memory::Event record(memory::Stream stream) noexcept override;
  bool passed(memory::Event event) noexcept override;
  bool wait(memory::Event event) noexcept override;
  void release(memory::Event event) noexcept override;
  void watch_allocated(void* data, size_t bytes, memory::Stream stream) noexcept override;
  void watch_freed(void* data, size_t bytes, memory::Stream stream) noexcept override;

 protected:
  static memory::ProviderProperties properties_as(const char* name);

  int device_;

 private:
  std::mutex mutex_;
  std::vector<cudaEvent_t> pool_;
};

// cudaMalloc and cudaFree, which waits for the device.
class PlainProvider final : public CudaProvider {
 public:
  using CudaProvider::CudaProvider;

  memory::ProviderProperties properties() const override;
  void* allocate(size_t bytes) override;
  void free(void* data, size_t bytes) noexcept override;

  void* reserve(size_t) override { return nullptr; }
  void unreserve(void*, size_t) noexcept override {}
  bool create(size_t, memory::Physical*) override { return false; }
  void destroy(memory::Physical, size_t) noexcept override {}
  bool map(void*, size_t, memory::Physical) override { return false; }
  bool open(void*, size_t) override { return false; }
  void unmap(void*, size_t) noexcept override {}
};

bool has_virtual_memory(int device, const DriverFunctions& driver);

// Addresses and memory apart, so that segments grow in place and pieces move between them.
class VirtualProvider final : public CudaProvider {
 public:
  VirtualProvider(int device, const DriverFunctions& driver)
      : CudaProvider(device), driver_(driver) {}

  memory::ProviderProperties properties() const override;
  void* allocate(size_t) override { return nullptr; }
  void free(void*, size_t) noexcept override {}

  void* reserve(size_t bytes) override;
  void unreserve(void* address, size_t bytes) noexcept override;
  bool create(size_t bytes, memory::Physical* out) override;
  void destroy(memory::Physical physical, size_t bytes) noexcept override;
  bool map(void* address, size_t bytes, memory::Physical physical) override;
  bool open(void* address, size_t bytes) override;
  void unmap(void* address, size_t bytes) noexcept override;

 private:
  const DriverFunctions& driver_;
};

}  // namespace libtensor::cuda
