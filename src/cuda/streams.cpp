#include "cuda/streams.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "core/fork.h"
#include "cuda/check.h"
#include "cuda/context.h"

namespace libtensor::cuda {
namespace {

constexpr int kMaxDevices = 64;
constexpr size_t kPoolSize = 32;  // as PyTorch's

struct Pool {
  std::vector<cudaStream_t> streams;
  size_t next = 0;
};

struct Pools {
  ForkSafeMutex mutex{LockLevel::kMemory};
  std::map<std::pair<int, int>, Pool> pools;  // by device and priority
};

Pools& pools() {
  static auto* state = new Pools;
  return *state;
}

thread_local constinit cudaStream_t current[kMaxDevices] = {};

int clamp_priority(int priority) {
  int least = 0, greatest = 0;
  check_cuda(cudaDeviceGetStreamPriorityRange(&least, &greatest), "cudaStreamCreate");
  return std::clamp(priority, greatest, least);  // the greatest priority is the lowest number
}

}  // namespace

cudaStream_t current_stream(int device) noexcept { return current[device]; }
void set_current_stream(int device, cudaStream_t stream) noexcept { current[device] = stream; }

cudaStream_t pooled_stream(int device, int priority) {
  const DeviceGuard guard(device);
  priority = clamp_priority(priority);
  const std::lock_guard lock(pools().mutex);
  Pool& pool = pools().pools[{device, priority}];
  if (pool.streams.size() < kPoolSize) {
    cudaStream_t stream;
    check_cuda(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, priority),
               "cudaStreamCreate");
    pool.streams.push_back(stream);
    return stream;
  }
  return pool.streams[pool.next++ % kPoolSize];
}

}  // namespace libtensor::cuda
