// A CUDA device, seen from the library.
#pragma once

#include "core/device_runtime.h"
#include "cuda/context.h"
#include "cuda/philox_generator.h"

namespace libtensor::cuda {

class CudaRuntime final : public DeviceRuntime {
 public:
  explicit CudaRuntime(int device);

  void* allocate(Device device, size_t bytes) override;
  void free(Device device, void* data, size_t bytes) noexcept override;
  void record_stream(const void* data, StreamId stream) override;
  void* allocate_pinned(size_t bytes) override;
  void free_pinned(void* data) noexcept override;
  bool is_pinned(const void* data) override;
  void copy_bytes(void* destination, Device to, const void* source, Device from, size_t bytes,
                  bool non_blocking) override;

  Generator& generator() override { return generator_; }

  DeviceProperties properties() override { return properties_; }
  StreamId current_stream() noexcept override;
  void set_current_stream(StreamId stream) noexcept override;
  StreamId pooled_stream(int priority) override;
  void synchronize_stream(StreamId stream) override;
  bool is_stream_done(StreamId stream) override;
  void synchronize() override;
  EventId create_event(bool timing) override;
  void destroy_event(EventId event) noexcept override;
  void record_event(EventId event, StreamId stream) override;
  void wait_event(StreamId stream, EventId event) override;
  void wait_stream(StreamId later, StreamId earlier) override;
  void synchronize_event(EventId event) override;
  bool is_event_done(EventId event) override;
  double milliseconds_between(EventId start, EventId end) override;

 private:
  template <class F>
  void run(F body);
  void copy_from_peer(void* destination, const void* source, Device from, size_t bytes);

  int device_;
  DeviceProperties properties_;
  PhiloxGenerator generator_;
};

}  // namespace libtensor::cuda
