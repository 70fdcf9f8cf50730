// What a backend knows of an allocator: memory in the order of streams. A plug-in is given one for
// each provider that it brings (core/plugin.h).
#pragma once

#include <cstddef>

#include "memory/provider.h"

namespace libtensor::memory {

class Allocator {
 public:
  // At least `bytes` (0 is fine) that the stream may use from now on. Throws Error(kOutOfMemory),
  // and then nothing has changed.
  virtual void* allocate(size_t bytes, Stream stream) = 0;
  // To be used again on its own stream at once, and elsewhere when that stream, and all those that
  // record_stream named, have come past this point. False: no live block begins here.
  virtual bool free(void* data) noexcept = 0;
  // Work given to `stream` until now uses the block. False: no live block begins here. Throws
  // std::bad_alloc.
  virtual bool record_stream(const void* data, Stream stream) = 0;
  // Does a live block begin here?
  virtual bool owns(const void* data) = 0;

 protected:
  ~Allocator() = default;
};

}  // namespace libtensor::memory
