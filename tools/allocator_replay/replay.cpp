#include "replay.h"

#include <time.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "memory/caching_allocator.h"
#include "memory/simulated_device.h"

namespace replay {
namespace {

using libtensor::memory::CachingAllocator;
using libtensor::memory::SimulatedDevice;

constexpr size_t kGranularity = size_t{2} << 20;

// Of this thread: what other programs do on the machine does not count.
double cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

// Ends by Error(kOutOfMemory) where the capacity does not do.
void run(const Trace& trace, CachingAllocator& allocator, SimulatedDevice& device, bool lags,
         std::vector<Sample>* samples, size_t* done) {
  std::vector<void*> blocks(trace.blocks);
  for (const Event& event : trace.events) {
    switch (event.kind) {
      case Event::Kind::kAllocate:
        blocks[event.block] = allocator.allocate(event.bytes, event.stream);
        break;
      case Event::Kind::kFree:
        allocator.free(blocks[event.block]);
        break;
      case Event::Kind::kRecordStream:
        allocator.record_stream(blocks[event.block], event.stream);
        break;
      case Event::Kind::kStreamWait:
      case Event::Kind::kIteration:
        break;
    }
    ++*done;
    if (lags) device.tick();
    if (samples) {
      const auto now = allocator.statistics();
      samples->push_back({now.allocated.now, now.active.now, now.reserved.now});
    }
  }
}

}  // namespace

Result replay(const Trace& trace, const Options& options, std::vector<Sample>* samples) {
  auto owned = std::make_unique<SimulatedDevice>(
      SimulatedDevice::Options{options.capacity, options.virtual_memory, options.lag});
  SimulatedDevice& device = *owned;
  CachingAllocator allocator(std::move(owned), "simulated device");
  Result result;
  const double begin = cpu_nanoseconds();
  try {
    run(trace, allocator, device, options.lag > 0, samples, &result.events);
    result.completed = true;
  } catch (const libtensor::Error& error) {
    if (error.status() != libtensor::Status::kOutOfMemory) throw;
  }
  const double time = cpu_nanoseconds() - begin;
  const auto statistics = allocator.statistics();
  result.peak_reserved = statistics.reserved.peak;
  result.device_calls = statistics.device_calls;
  result.stalls = statistics.waits;
  const uint64_t timed = statistics.allocations + statistics.frees;
  result.ns_per_event = timed > 0 ? time / static_cast<double>(timed) : 0;
  if (!device.misuses().empty()) throw std::runtime_error("the allocator: " + device.misuses()[0]);
  return result;
}

size_t min_capacity(const Trace& trace, Options options, size_t peak_reserved) {
  if (peak_reserved == 0) return 0;
  const auto completes = [&](size_t units) {
    options.capacity = units * kGranularity;
    return replay(trace, options).completed;
  };
  size_t fails = trace.peak_live / kGranularity;  // less than this cannot do
  if (trace.peak_live % kGranularity == 0 && fails > 0) --fails;
  size_t does = std::max((peak_reserved + kGranularity - 1) / kGranularity, fails + 1);
  while (!completes(does)) {
    fails = does;
    does += std::max<size_t>(1, does / 32);
  }
  while (fails + 1 < does) {
    const size_t middle = fails + (does - fails) / 2;
    (completes(middle) ? does : fails) = middle;
  }
  return does * kGranularity;
}

}  // namespace replay
