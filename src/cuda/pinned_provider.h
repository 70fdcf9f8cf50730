// Where the caching allocator takes pinned memory of the host from, which every device reaches.
#pragma once

#include <cuda_runtime.h>

#include "memory/provider.h"

namespace libtensor::cuda {

// The host is the owner of all blocks and uses them at once; streams of any device are others,
// named by device and stream together.
inline constexpr memory::Stream kHostStream = 0;
memory::Stream stream_of_device(int device, cudaStream_t stream);

class PinnedProvider final : public memory::MemoryProvider {
 public:
  memory::ProviderProperties properties() const override;
  Info info() override;
  void* allocate(size_t bytes) override;
  void free(void* data, size_t bytes) noexcept override;

  void* reserve(size_t) override { return nullptr; }
  void unreserve(void*, size_t) noexcept override {}
  bool create(size_t, memory::Physical*) override { return false; }
  void destroy(memory::Physical, size_t) noexcept override {}
  bool map(void*, size_t, memory::Physical) override { return false; }
  bool open(void*, size_t) override { return false; }
  void unmap(void*, size_t) noexcept override {}

  memory::Event record(memory::Stream stream) noexcept override;
  bool passed(memory::Event event) noexcept override;
  bool wait(memory::Event event) noexcept override;
  void release(memory::Event event) noexcept override;
};

}  // namespace libtensor::cuda
