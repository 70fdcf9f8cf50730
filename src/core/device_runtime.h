// A device as the library sees it: memory, streams, events, and a generator of random numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/device.h"
#include "core/generator.h"

namespace libtensor {

// What a device says of itself.
struct DeviceProperties {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  int max_threads_per_multiprocessor = 0;
  size_t total_memory = 0;  // bytes
};

// A queue of a device's work, which runs in the order in which it was put there: a cudaStream_t. 0
// is the device's default stream.
using StreamId = uintptr_t;
// A point in a stream's work, from create_event to destroy_event: a cudaEvent_t.
using EventId = uintptr_t;

// What a device does with memory, streams, events and random numbers. There is one for each device,
// and it may be used from any thread. What it computes is in the registry of kernels
// (core/kernel_registry.h). Errors are thrown as Error. Work is put into the calling thread's
// current stream of that device, and functions return before it is done.
class DeviceRuntime {
 public:
  virtual ~DeviceRuntime() = default;

  virtual void* allocate(Device device, size_t bytes) = 0;  // 64-byte aligned; bytes may be 0
  virtual void free(Device device, void* data, size_t bytes) noexcept = 0;
  // Work given to `stream` until now uses the block that begins at `data`, of this device or
  // pinned: once freed, it goes to nobody else before that work is done. Other memory is left
  // alone.
  virtual void record_stream(const void* /*data*/, StreamId) {}
  // Memory of the host that the device copies from and to while the host goes on.
  virtual void* allocate_pinned(size_t /*bytes*/) {
    fail(Status::kUnavailable, "Cannot access accelerator device when none is available.");
  }
  virtual void free_pinned(void* /*data*/) noexcept {}
  virtual bool is_pinned(const void* /*data*/) { return false; }  // does such a block begin there?
  // Between two places of this device, or this device and the host. The host's memory is ready, and
  // may go, when this returns, unless it is pinned and `non_blocking` is set.
  virtual void copy_bytes(void* destination, Device to, const void* source, Device from,
                          size_t bytes, bool non_blocking = false) = 0;

  virtual Generator& generator() = 0;  // the device's own

  // Streams and events. The CPU's work is done when a call returns: it has the default stream only.
  virtual DeviceProperties properties() { return {.name = "cpu"}; }
  virtual StreamId current_stream() noexcept { return 0; }  // of the calling thread
  virtual void set_current_stream(StreamId) noexcept {}
  // One of a pool of streams that live as long as the process; a lower number runs first.
  virtual StreamId pooled_stream(int) { return 0; }
  virtual void synchronize_stream(StreamId) {}
  virtual bool is_stream_done(StreamId) { return true; }
  virtual void synchronize() {}  // all streams of the device
  virtual EventId create_event(bool /*timing*/) { return 0; }
  virtual void destroy_event(EventId) noexcept {}
  virtual void record_event(EventId, StreamId) {}
  virtual void wait_event(StreamId, EventId) {}  // the stream's later work waits, not the host
  // Later work of the one waits for what the other has been given so far.
  virtual void wait_stream(StreamId /*later*/, StreamId /*earlier*/) {}
  virtual void synchronize_event(EventId) {}
  virtual bool is_event_done(EventId) { return true; }
  virtual double milliseconds_between(EventId, EventId) { return 0; }
};

// The runtime of a device. Throws Error(kUnavailable) where there is no such device. The first
// request for a CUDA device opens the plug-in.
DeviceRuntime& runtime_for(Device device);
// The same, but null where the device has not been used yet, or is not there.
DeviceRuntime* opened_runtime(Device device) noexcept;
// For who brings a device's runtime, which lives as long as the process.
void register_runtime(Device device, DeviceRuntime* runtime);
// So many devices of a kind are there. `open` makes the runtime of one when it is first used, and
// may throw Error; it is never called by two threads at once.
void register_devices(DeviceType type, int count, DeviceRuntime* (*open)(int index));
// Whether matrix products of float32 may use TF32 on CUDA devices; not at first, as in PyTorch.
bool tf32_allowed() noexcept;
void allow_tf32(bool allowed) noexcept;
// Whether CUDA devices look at all indices, targets and divisors before a call returns, and the
// host waits for it; not at first.
bool checks_at_once() noexcept;
void check_at_once(bool at_once) noexcept;

// The CUDA device that this thread means where it names none; 0 at first.
int current_cuda_device();
void set_current_cuda_device(int index);  // throws where there is no such device
// How many devices of a kind are known now; opens nothing.
int device_count(DeviceType type);

}  // namespace libtensor
