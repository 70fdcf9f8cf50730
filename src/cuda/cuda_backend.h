// A CUDA device as a Backend.
#pragma once

#include <mutex>

#include "core/backend.h"
#include "core/fork.h"
#include "cuda/context.h"
#include "cuda/fill.h"

namespace libtensor::cuda {

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device);

  void* allocate(Device device, size_t bytes) override;
  void free(Device device, void* data, size_t bytes) noexcept override;
  void record_stream(const void* data, StreamId stream) override;
  void* allocate_pinned(size_t bytes) override;
  void free_pinned(void* data) noexcept override;
  bool is_pinned(const void* data) override;
  void copy_bytes(void* destination, Device to, const void* source, Device from, size_t bytes,
                  bool non_blocking) override;

  void pointwise(const PointwiseCall& call) override;
  void reduce(const ReduceCall& call) override;
  void softmax(const SoftmaxCall& call) override;
  void softmax_backward(const SoftmaxCall& call) override;
  void matmul(const MatmulCall& call) override;
  void gather(const GatherCall& call) override;
  void scatter(const GatherCall& call, ScatterMode mode) override;
  void index_select(const IndexCall& call) override;
  void index_add(const IndexCall& call) override;
  void nll_loss(const NllLossCall& call) override;
  void nll_loss_backward(const NllLossCall& call) override;
  void arange(Operand out, int64_t numel, Scalar start, Scalar step) override;
  void random(const RandomCall& call) override;
  void manual_seed(uint64_t seed) override;
  uint64_t initial_seed() override;
  std::vector<unsigned char> random_state() override;
  void set_random_state(std::span<const unsigned char> state) override;

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
  ForkSafeMutex generator_mutex_{LockLevel::kGenerator};
  PhiloxState generator_;
};

}  // namespace libtensor::cuda
