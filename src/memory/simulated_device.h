// A device that exists only on paper: for tests of the allocator, and to replay what programs did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "memory/provider.h"

namespace libtensor::memory {

// Hands out addresses that must not be dereferenced, counts the calls, and notes every misuse: of
// its functions, of memory that is not there, and of memory that two streams use without order.
class SimulatedDevice : public MemoryProvider {
 public:
  struct Options {
    size_t capacity = SIZE_MAX;
    bool virtual_memory = true;
    // How far the device is behind: work is done when so many ticks have gone by. kManual: when the
    // test says so.
    uint64_t lag = 0;
    size_t granularity = size_t{2} << 20;
    size_t alignment = 512;
  };
  static constexpr uint64_t kManual = UINT64_MAX;

  explicit SimulatedDevice(const Options& options) : options_(options) {}

  ProviderProperties properties() const override;
  Info info() override;
  void* allocate(size_t bytes) override;
  void free(void* data, size_t bytes) noexcept override;
  void* reserve(size_t bytes) override;
  void unreserve(void* address, size_t bytes) noexcept override;
  bool create(size_t bytes, Physical* out) override;
  void destroy(Physical memory, size_t bytes) noexcept override;
  bool map(void* address, size_t bytes, Physical memory) override;
  bool open(void* address, size_t bytes) override;
  void unmap(void* address, size_t bytes) noexcept override;
  Event record(Stream stream) noexcept override;
  bool passed(Event event) noexcept override;
  bool wait(Event event) noexcept override;
  void release(Event event) noexcept override;

  // What a program does with the device.
  void launch(Stream stream, const void* data, size_t bytes);  // work that uses the memory
  void stream_wait(Stream stream,
                   Stream other);  // what follows on `stream` runs after `other`'s work
  void tick() { ++now_; }
  void complete(Stream stream);  // all its work is done

  // The n-th call from now of this kind fails, and so do those after it, until it is set to 0: it
  // says that memory is out (record and query: that nothing can be told), or throws as a broken
  // driver would.
  enum class Call { kAllocate, kReserve, kCreate, kMap, kOpen, kRecord, kQuery };
  enum class Failure { kAnswer, kThrow };
  void fail(Call call, uint64_t calls, Failure how = Failure::kAnswer) {
    faults_[static_cast<size_t>(call)] = {calls, how};
  }
  // The same for the calls that take memory.
  void fail_after(uint64_t calls) {
    fail(Call::kAllocate, calls);
    fail(Call::kCreate, calls);
  }

  // The device fails for good: it runs nothing any more.
  void lose() { lost_ = true; }

  struct Counts {
    uint64_t takes = 0;  // map, or allocate
    uint64_t gives = 0;  // unmap, or free
    uint64_t creates = 0;
    uint64_t opens = 0;
    uint64_t waits = 0;
    size_t reserved = 0;  // bytes taken now
    size_t peak = 0;
    size_t events = 0;  // not released
    size_t ranges = 0;  // of addresses, reserved now
  };
  Counts counts() const;
  std::vector<std::string> misuses() const;

 private:
  struct Work {
    Stream stream;
    uint64_t number;
    uintptr_t begin, end;
  };
  struct Point {
    Stream stream;
    uint64_t number;  // of the stream's work before it
    uint64_t time;
  };
  struct StreamState {
    uint64_t launched = 0;
    uint64_t done = 0;
    std::map<Stream, uint64_t> after;  // runs after so much of other streams' work
    std::vector<Point> launches;       // not done, for the lag
  };

  struct Fault {
    uint64_t after = 0;
    Failure how = Failure::kAnswer;
  };

  bool take(size_t bytes);
  bool fails(Call call);
  void give(size_t bytes);
  void catch_up();
  bool is_done(const Work& work);
  void check_unused(uintptr_t begin, uintptr_t end, const char* call);
  void misuse(const std::string& what) { misuses_.push_back(what); }

  const Options options_;
  mutable std::mutex mutex_;
  uint64_t now_ = 0;
  std::array<Fault, 7> faults_;
  bool lost_ = false;
  uintptr_t next_address_ = uintptr_t{1} << 44;
  Event next_event_ = 1;
  Physical next_physical_ = 1;
  Counts counts_;
  std::map<uintptr_t, size_t> ranges_;                    // reserved, or plainly allocated
  std::map<Physical, std::pair<size_t, bool>> physical_;  // size, mapped
  struct Mapping {
    size_t bytes;
    Physical memory;
    bool open = false;
  };
  std::map<uintptr_t, Mapping> mappings_;
  std::map<Event, Point> events_;
  std::map<Stream, StreamState> streams_;
  std::vector<Work> work_;  // not known to be done
  std::vector<std::string> misuses_;
};

}  // namespace libtensor::memory
