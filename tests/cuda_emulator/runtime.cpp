// CUDA's runtime API over the emulator's parts. One lock for all: an emulated machine does one
// thing at a time.
#include "include/cuda_runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "access.h"
#include "block.h"
#include "blocks.h"
#include "device_memory.h"
#include "emulator.h"
#include "faults.h"
#include "include/kernel_limit.h"
#include "report.h"
#include "runtime_lock.h"
#include "timeline.h"

namespace cuda_emulator {

int visible_devices() {
  const char* const listed = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!listed) return 2;
  return *listed ? 1 + static_cast<int>(std::count(listed, listed + std::strlen(listed), ',')) : 0;
}

Faults& faults() {
  static auto* state = new Faults;
  return *state;
}

bool is_due(int64_t& until_failure) { return until_failure > 0 && --until_failure == 0; }

std::recursive_mutex& runtime_lock() {
  static auto* lock = new std::recursive_mutex;
  return *lock;
}

namespace {

uint64_t waits = 0;
void note_wait() {
  if (!is_in_allocator()) ++waits;
}

thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;
int64_t live_events = 0;

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) last_error = error;
  return error;
}

// The devices that have a context, by bit: CUDA makes one when a device is first used, not when
// devices are counted or described.
uint64_t contexts = 0;

// Has the driver been asked anything? A forked child of a process that has can use no device.
bool started = false;
void enter_child() {
  if (started) faults().sticky = cudaErrorInitializationError;
  new (&runtime_lock()) std::recursive_mutex;  // the old one's owner was the parent's thread
}
[[maybe_unused]] const int at_fork =
    pthread_atfork([] { runtime_lock().lock(); }, [] { runtime_lock().unlock(); }, enter_child);

// What every function does: the lock, the sticky error, some of the waiting work.
template <class F>
cudaError_t ask(F body) {
  const std::lock_guard lock(runtime_lock());
  started = true;
  if (faults().sticky != cudaSuccess) return remember(faults().sticky);
  pass_time();
  return remember(body());
}

// The same where the current device is used.
template <class F>
cudaError_t call(F body) {
  return ask([&] {
    contexts |= uint64_t{1} << current_device;
    return body();
  });
}

Stream& stream_at(cudaStream_t stream) {
  return stream ? *reinterpret_cast<Stream*>(stream) : default_stream(current_device);
}
Event& event_at(cudaEvent_t event) { return *reinterpret_cast<Event*>(event); }

bool is_valid_launch(const libtensor::cuda::LaunchConfig& config) {
  const uint64_t threads = uint64_t{config.block.x} * config.block.y * config.block.z;
  return threads > 0 && threads <= kMaxThreads && config.block.z <= 64 && config.grid.x > 0 &&
         config.grid.x <= 0x7fffffffu && config.grid.y > 0 && config.grid.y <= 65535 &&
         config.grid.z > 0 && config.grid.z <= 65535 && config.shared_bytes <= kMaxSharedBytes;
}

// Bytes move when the copy runs, not when it is asked for.
void run_copy(void* to, const void* from, size_t bytes) {
  const MemoryWindow window;
  if (is_device_address(to) && is_device_address(from)) {
    check_copy(to, from, bytes);
  } else {
    check_whole(from, bytes, Access::kRead);
    check_whole(to, bytes, Access::kWrite);
  }
  std::memmove(to, from, bytes);
}

}  // namespace

cudaError_t enqueue(std::unique_ptr<KernelCall> kernel,
                    const libtensor::cuda::LaunchConfig& config) {
  return call([&] {
    if (!is_valid_launch(config)) return cudaErrorInvalidConfiguration;
    if (is_due(faults().launches_until_failure)) return cudaErrorLaunchOutOfResources;
    // std::function wants to copy what it holds.
    std::shared_ptr<KernelCall> shared = std::move(kernel);
    enqueue(
        stream_at(config.stream), config.operation,
        [shared, grid = config.grid, block = config.block, bytes = config.shared_bytes] {
          const MemoryWindow window;
          run_grid(*shared, grid, block, bytes);
        },
        {}, &config.where);
    pass_time();
    return cudaSuccess;
  });
}

void enqueue_routine(cudaStream_t stream, const char* name, std::function<void()> run) {
  const std::lock_guard lock(runtime_lock());
  enqueue(stream_at(stream), name, [run = std::move(run)] {
    const MemoryWindow window;
    run();
  });
  pass_time();
}

void enqueue_bookkeeping(cudaStream_t stream, const char* name, std::function<void()> run) {
  enqueue(stream_at(stream), name, std::move(run), {}, nullptr, /*bookkeeping=*/true);
  pass_time();
}

}  // namespace cuda_emulator

int64_t libtensor::cuda::max_kernel_elements() {
  return cuda_emulator::faults().max_kernel_elements;
}

using namespace cuda_emulator;

cudaError_t cudaGetDeviceCount(int* count) {
  return ask([&] {
    *count = faults().device_count;
    return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
  });
}

cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= faults().device_count) return remember(cudaErrorInvalidDevice);
  current_device = device;
  return call([] { return cudaSuccess; });  // since CUDA 12 it makes the context
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return ask([&] {
    if (device < 0 || device >= faults().device_count) return cudaErrorInvalidDevice;
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "emulated device %d", device);
    properties->totalGlobalMem = capacity();
    properties->major = 8;
    properties->multiProcessorCount = 4;
    properties->maxThreadsPerMultiProcessor = 1024;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call([] {
    note_wait();
    synchronize_device(current_device);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  *can = device != peer;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cudaSuccess; }

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = faults().sticky;
  return error;
}
cudaError_t cudaPeekAtLastError() { return last_error; }

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorECCUncorrectable:
      return "cudaErrorECCUncorrectable";
    default:
      return "cudaError";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInitializationError:
      return "initialization error";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorECCUncorrectable:
      return "uncorrectable ECC error encountered";
    case cudaErrorDevicesUnavailable:
      return "CUDA-capable device(s) is/are busy or unavailable";
    case cudaErrorIllegalAddress:
      return "an illegal memory access was encountered";
    case cudaErrorLaunchOutOfResources:
      return "too many resources requested for launch";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    case cudaErrorNotReady:
      return "device not ready";
    default:
      return "unknown error";
  }
}

cudaError_t cudaMalloc(void** data, size_t bytes) {
  return call([&] {
    void* const memory = is_due(faults().allocations_until_failure)
                             ? nullptr
                             : allocate_device(current_device, bytes);
    if (!memory) return cudaErrorMemoryAllocation;
    *data = memory;
    return cudaSuccess;
  });
}

// Waits for the device, as CUDA's does.
cudaError_t cudaFree(void* data) {
  return call([&] {
    if (!data) return cudaSuccess;
    for (int device = 0; device < faults().device_count; ++device) synchronize_device(device);
    return free_device(data) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned) {
  return call([&] {
    if (is_due(faults().allocations_until_failure)) return cudaErrorMemoryAllocation;
    *data = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096 + 4096);
    if (!*data) return cudaErrorMemoryAllocation;
    note_pinned(*data, bytes, true);
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* data) {
  return call([&] {
    for (int device = 0; device < faults().device_count; ++device) synchronize_device(device);
    note_pinned(data, 0, false);
    std::free(data);
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return call([&] {
    *total = capacity();
    *free = capacity() - std::min(capacity(), allocated_bytes(current_device));
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  return call([&] {
    enqueue(stream_at(stream), "cudaMemcpyAsync", [=] { run_copy(to, from, bytes); });
    pass_time();
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes,
                                cudaStream_t stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  return call([&] {
    enqueue(stream_at(stream), "cudaMemsetAsync", [=] {
      const MemoryWindow window;
      check_whole(to, bytes, Access::kWrite);
      std::memset(to, value, bytes);
    });
    pass_time();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  return call([&] {
    // A blocking stream would wait for the default one: not modelled, and not wanted.
    if (flags != cudaStreamNonBlocking) return cudaErrorNotSupported;
    *stream = reinterpret_cast<cudaStream_t>(new_stream(current_device, priority));
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call([&] {
    delete_stream(reinterpret_cast<Stream*>(stream));
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return call([&] {
    note_wait();
    synchronize(stream_at(stream));
    return cudaSuccess;
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return call([&] {
    Stream& s = stream_at(stream);
    if (!is_done({&s, s.enqueued})) return cudaErrorNotReady;
    host_knows(s.clock);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return call([&] {
    wait(stream_at(stream), event_at(event));
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return call([&] {
    *event = reinterpret_cast<cudaEvent_t>(new Event{current_device, {}, {}});
    ++live_events;
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call([&] {
    delete &event_at(event);
    --live_events;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return call([&] {
    if (faults().event_record != cudaSuccess) return faults().event_record;
    Stream& s = stream_at(stream);
    if (event_at(event).device != s.device) return cudaErrorInvalidResourceHandle;
    record(event_at(event), s);
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return call([&] {
    if (faults().event_query != cudaSuccess) return faults().event_query;
    if (!is_done(event_at(event).point)) return cudaErrorNotReady;
    host_knows(event_at(event).clock);
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return call([&] {
    if (faults().event_query != cudaSuccess) return faults().event_query;
    note_wait();
    synchronize(event_at(event).point, event_at(event).clock);
    return cudaSuccess;
  });
}

// Emulated time: an operation takes a millisecond.
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return call([&] {
    const Event &first = event_at(start), &last = event_at(end);
    if (!is_done(first.point) || !is_done(last.point)) return cudaErrorNotReady;
    *milliseconds =
        static_cast<float>(last.point.position) - static_cast<float>(first.point.position);
    return cudaSuccess;
  });
}

// The tests' side.

#define LIBTENSOR_EMULATOR_EXPORT extern "C" __attribute__((visibility("default")))

LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_set_seed(uint64_t seed) {
  const std::lock_guard lock(runtime_lock());
  set_seed(seed);
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_set_capacity(size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  set_capacity(bytes);
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_set_device_count(int count) {
  faults().device_count = count;
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_set_virtual_memory(bool has) {
  faults().virtual_memory = has;
}
LIBTENSOR_EMULATOR_EXPORT void* cuda_emulator_malloc(size_t bytes) {
  void* data = nullptr;
  cudaSetDevice(0);
  return cudaMalloc(&data, bytes) == cudaSuccess ? data : nullptr;
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_free(void* data) { cudaFree(data); }
LIBTENSOR_EMULATOR_EXPORT size_t cuda_emulator_report_count(void) {
  const std::lock_guard lock(runtime_lock());
  for (int device = 0; device < faults().device_count; ++device) run_all_work(device);
  return report_count();
}
LIBTENSOR_EMULATOR_EXPORT size_t cuda_emulator_report(size_t index, char* buffer, size_t capacity) {
  const std::lock_guard lock(runtime_lock());
  const std::string text = report_at(index);
  if (capacity > 0) std::snprintf(buffer, capacity, "%s", text.c_str());
  return text.size();
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_clear_reports(void) {
  const std::lock_guard lock(runtime_lock());
  clear_reports();
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_report_leaks(void) {
  const std::lock_guard lock(runtime_lock());
  if (const std::string text = describe_allocations(); !text.empty()) report("leak: " + text);
  if (const std::string text = describe_blocks(); !text.empty()) report("leak: " + text);
  if (live_events > 0) report("leak: " + std::to_string(live_events) + " events never destroyed");
}
// Bit i: device i has a context.
LIBTENSOR_EMULATOR_EXPORT uint64_t cuda_emulator_contexts(void) {
  const std::lock_guard lock(runtime_lock());
  return contexts;
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_fail_allocation(int64_t n) {
  faults().allocations_until_failure = n;
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_set_max_kernel_elements(int64_t count) {
  const std::lock_guard lock(runtime_lock());
  faults().max_kernel_elements = count;
}
LIBTENSOR_EMULATOR_EXPORT uint64_t cuda_emulator_waits(void) {
  const std::lock_guard lock(runtime_lock());
  return waits;
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_fail_launch(int64_t n) {
  faults().launches_until_failure = n;
}
// What recording an event gives from now on, and what asking and waiting for one give; 0: they
// work.
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_fail_events(int record, int query) {
  const std::lock_guard lock(runtime_lock());
  faults().event_record = static_cast<cudaError_t>(record);
  faults().event_query = static_cast<cudaError_t>(query);
}
LIBTENSOR_EMULATOR_EXPORT void cuda_emulator_set_sticky_error(int error) {
  const std::lock_guard lock(runtime_lock());
  faults().sticky = static_cast<cudaError_t>(error);
  if (error != 0) drop_all_work();
}
