#include "cuda/device_runtime.h"

#include "cuda/check.h"
#include "cuda/faults.h"
#include "cuda/memory.h"
#include "cuda/streams.h"

namespace libtensor::cuda {
namespace {

cudaStream_t native(StreamId stream) { return reinterpret_cast<cudaStream_t>(stream); }
cudaEvent_t native_event(EventId event) { return reinterpret_cast<cudaEvent_t>(event); }

DeviceProperties query_properties(int device) {
  cudaDeviceProp queried;
  check_cuda(cudaGetDeviceProperties(&queried, device), "cudaGetDeviceProperties");
  return {.name = queried.name,
          .major = queried.major,
          .minor = queried.minor,
          .multiprocessors = queried.multiProcessorCount,
          .max_threads_per_multiprocessor = queried.maxThreadsPerMultiProcessor,
          .total_memory = queried.totalGlobalMem};
}

// Work that `later` is given from now on waits for what `earlier` has been given so far.
void let_wait(const Context& later, const Context& earlier) {
  cudaEvent_t event;
  {
    const DeviceGuard guard(earlier.device);
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event");
    const cudaError_t error = cudaEventRecord(event, earlier.stream);
    if (error != cudaSuccess) cudaEventDestroy(event);
    check_cuda(error, "event record");
  }
  const DeviceGuard guard(later.device);
  const cudaError_t error = cudaStreamWaitEvent(later.stream, event, 0);
  cudaEventDestroy(event);  // CUDA keeps it until it is past
  check_cuda(error, "event wait");
}

// What a query says: done, or not yet.
bool is_done(cudaError_t answer, const char* operation, int device) {
  if (answer == cudaErrorNotReady) {
    cudaGetLastError();
    return false;
  }
  check_cuda(answer, operation);
  check_faults(device);
  return true;
}

}  // namespace

CudaRuntime::CudaRuntime(int device)
    : device_(device), properties_(query_properties(device)), generator_(properties_) {}

// Every call runs on its device, in the thread's current stream.
template <class F>
void CudaRuntime::run(F body) {
  const DeviceGuard guard(device_);
  body(Context{device_, cuda::current_stream(device_)});
}

void* CudaRuntime::allocate(Device, size_t bytes) {
  return allocate_memory({device_, cuda::current_stream(device_)}, bytes);
}
void CudaRuntime::free(Device, void* data, size_t) noexcept { free_memory(device_, data); }
void CudaRuntime::record_stream(const void* data, StreamId stream) {
  record_use(data, device_, native(stream));
}

void* CudaRuntime::allocate_pinned(size_t bytes) { return cuda::allocate_pinned(bytes); }
void CudaRuntime::free_pinned(void* data) noexcept { cuda::free_pinned(data); }
bool CudaRuntime::is_pinned(const void* data) { return cuda::is_pinned(data); }

void CudaRuntime::copy_bytes(void* destination, Device to, const void* source, Device from,
                             size_t bytes, bool non_blocking) {
  if (bytes == 0) return;
  if (!from.is_cpu() && from.index != device_)
    return copy_from_peer(destination, source, from, bytes);
  run([&](const Context& context) {
    check_cuda(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDefault, context.stream),
               "copy");
    const bool host_takes_part = to.is_cpu() || from.is_cpu();
    if (host_takes_part && !non_blocking) {
      check_cuda(cudaStreamSynchronize(context.stream), "copy");
      check_faults(device_);
    }
  });
}

// The other device's stream has written the source, and may give it away afterwards.
void CudaRuntime::copy_from_peer(void* destination, const void* source, Device from, size_t bytes) {
  run([&](const Context& context) {
    const Context peer{from.index, cuda::current_stream(from.index)};
    let_wait(context, peer);
    // Unlike cudaMemcpyAsync, this knows memory that was mapped for its own device only.
    check_cuda(cudaMemcpyPeerAsync(destination, device_, source, from.index, bytes, context.stream),
               "copy");
    let_wait(peer, context);
  });
}

StreamId CudaRuntime::current_stream() noexcept {
  return reinterpret_cast<StreamId>(cuda::current_stream(device_));
}
void CudaRuntime::set_current_stream(StreamId stream) noexcept {
  cuda::set_current_stream(device_, native(stream));
}
StreamId CudaRuntime::pooled_stream(int priority) {
  return reinterpret_cast<StreamId>(cuda::pooled_stream(device_, priority));
}
void CudaRuntime::synchronize_stream(StreamId stream) {
  const DeviceGuard guard(device_);
  check_cuda(cudaStreamSynchronize(native(stream)), "synchronize");
  check_faults(device_);
}
bool CudaRuntime::is_stream_done(StreamId stream) {
  const DeviceGuard guard(device_);
  return is_done(cudaStreamQuery(native(stream)), "stream query", device_);
}
void CudaRuntime::synchronize() {
  const DeviceGuard guard(device_);
  check_cuda(cudaDeviceSynchronize(), "synchronize");
  check_faults(device_);
}

EventId CudaRuntime::create_event(bool timing) {
  const DeviceGuard guard(device_);
  cudaEvent_t event;
  check_cuda(cudaEventCreateWithFlags(&event, timing ? cudaEventDefault : cudaEventDisableTiming),
             "event");
  return reinterpret_cast<EventId>(event);
}
void CudaRuntime::destroy_event(EventId event) noexcept { cudaEventDestroy(native_event(event)); }
void CudaRuntime::record_event(EventId event, StreamId stream) {
  const DeviceGuard guard(device_);
  check_cuda(cudaEventRecord(native_event(event), native(stream)), "event record");
}
void CudaRuntime::wait_event(StreamId stream, EventId event) {
  const DeviceGuard guard(device_);
  check_cuda(cudaStreamWaitEvent(native(stream), native_event(event), 0), "event wait");
}
void CudaRuntime::wait_stream(StreamId later, StreamId earlier) {
  let_wait({device_, native(later)}, {device_, native(earlier)});
}
void CudaRuntime::synchronize_event(EventId event) {
  check_cuda(cudaEventSynchronize(native_event(event)), "event synchronize");
  check_faults(device_);
}
bool CudaRuntime::is_event_done(EventId event) {
  return is_done(cudaEventQuery(native_event(event)), "event query", device_);
}
double CudaRuntime::milliseconds_between(EventId start, EventId end) {
  float milliseconds = 0;
  check_cuda(cudaEventElapsedTime(&milliseconds, native_event(start), native_event(end)),
             "event elapsed time");
  return milliseconds;
}

}  // namespace libtensor::cuda
