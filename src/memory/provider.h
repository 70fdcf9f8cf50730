// Where the caching allocator takes memory from: a device's plain allocation calls or its virtual
// memory, and the events by which the allocator learns how far the device's streams have come.
//
// A provider keeps no policy: it hands each call on to the driver. It serves one device (CUDA: it
// makes that device current itself and puts the caller's back). The allocator makes the calls that
// change memory one at a time; those about events may come from several threads at once, also while
// memory changes. Out of memory is an answer, not an exception; a driver's other failures are
// thrown as Error where a function is not noexcept.
#pragma once

#include <cstddef>
#include <cstdint>

namespace libtensor::memory {

// A stream as its backend knows it: a cudaStream_t, say. 0 is the default stream.
using Stream = uintptr_t;
// A point in a stream's work, from record() to release(). 0: none.
using Event = uintptr_t;
// What record() gives where there is nothing to wait for: the device has failed for good and runs
// nothing any more, or the host itself is the stream.
inline constexpr Event kPassedEvent = ~Event{0};
// A piece of physical memory, from create() to destroy(): CUmemGenericAllocationHandle. Any value
// may be valid.
using Physical = uint64_t;

struct ProviderProperties {
  const char* name = "";        // for messages: "CUDA virtual memory"
  bool virtual_memory = false;  // has reserve() to unmap(); else allocate() and free()
  // Sizes given to the provider are multiples of this (a power of two): the driver's granularity of
  // mappings (CUDA: 2 MiB), or what plain allocations are rounded to anyway (CUDA: 2 MiB; host: a
  // page).
  size_t granularity = size_t{2} << 20;
  // Blocks are aligned to this (a power of two, at most the granularity), and their sizes are
  // rounded up to it.
  size_t alignment = 512;
  // How much of what was ever needed at one time may lie unused, as a share of it, before memory is
  // given back rather than more taken, while the device is mostly empty.
  double slack = 0.03;
  // False where no work runs behind the host's back: freed memory is free for all at once, and no
  // event function is ever called.
  bool streams = true;
  // An emulated device that checks each use of its memory: it is told of every block, and behind
  // those smaller than the granularity lie `guard` bytes at least that are nobody's.
  bool watches = false;
  size_t guard = 0;
};

class MemoryProvider {
 public:
  virtual ~MemoryProvider() = default;

  // Constant for the provider's life.
  virtual ProviderProperties properties() const = 0;

  // The device's memory. `total` sizes address ranges: the largest amount that could ever be
  // mapped. `free` is for messages only.
  struct Info {
    size_t total = 0;
    size_t free = 0;
  };
  virtual Info info() = 0;

  // Plain memory (cudaMalloc, cudaHostAlloc, mmap). nullptr: out of memory. free() gets the same
  // size again; it may wait for the device.
  virtual void* allocate(size_t bytes) = 0;
  virtual void free(void* data, size_t bytes) noexcept = 0;

  // Where plain memory comes from functions of the program, which may call the library, or fork:
  // the allocator calls these two without a lock. It takes memory from fetch() in the place of
  // allocate(), and what free() is given goes back in return_freed().
  virtual bool calls_program() const { return false; }
  virtual void* fetch(size_t /*bytes*/) { return nullptr; }
  virtual void return_freed() noexcept {}

  // Addresses without memory behind them (cuMemAddressReserve). nullptr: the process has none left.
  virtual void* reserve(size_t bytes) = 0;
  virtual void unreserve(void* address, size_t bytes) noexcept = 0;  // nothing is mapped there now

  // Memory without an address (cuMemCreate, cuMemRelease). False: out of memory, `out` is
  // unchanged.
  virtual bool create(size_t bytes, Physical* out) = 0;
  virtual void destroy(Physical memory, size_t bytes) noexcept = 0;  // mapped nowhere now

  // Puts a whole piece at an address inside a reserved range (cuMemMap). False: the driver has no
  // memory for it; nothing is mapped.
  virtual bool map(void* address, size_t bytes, Physical memory) = 0;
  // Lets the device read and write whole mapped pieces that lie side by side (cuMemSetAccess),
  // which nothing could before. False: the driver has no memory for that; nothing has changed.
  virtual bool open(void* address, size_t bytes) = 0;
  // Takes a piece away again (cuMemUnmap), the same address and size as in map(). The allocator has
  // seen to it that all work that uses the memory is done. The piece itself lives on.
  virtual void unmap(void* address, size_t bytes) noexcept = 0;

  // Marks the point that the stream has now come to (cudaEventRecord; events are best kept in a
  // pool). 0: it cannot be marked now (no memory, the stream is being captured), so the work must
  // be taken for unfinished.
  virtual Event record(Stream stream) noexcept = 0;
  // Has the device come past it (cudaEventQuery)? Does not wait. False where that cannot be told.
  virtual bool passed(Event event) noexcept = 0;
  // Waits until it has (cudaEventSynchronize); false where that cannot be done. The caller holds no
  // lock that record(), passed() or release() of another thread needs.
  virtual bool wait(Event event) noexcept = 0;
  virtual void release(Event event) noexcept = 0;

  // Called where properties().watches is set: the stream's work from now on may use the block; its
  // work from now on, and nobody else's at any time, may not.
  virtual void watch_allocated(void* /*data*/, size_t /*bytes*/, Stream) noexcept {}
  virtual void watch_freed(void* /*data*/, size_t /*bytes*/, Stream) noexcept {}
};

}  // namespace libtensor::memory
