// What happened to a device's memory, kept for the program to look at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/fork.h"
#include "memory/provider.h"

namespace libtensor::memory {

// The last events, oldest overwritten first.
class History {
 public:
  struct Event {
    char kind;  // as in the text: a, f or r
    uint32_t tag;
    uintptr_t address;
    size_t bytes;
    Stream stream;
    const char* operation;
  };

  explicit History(size_t max_events) : events_(max_events) {}

  void add(const Event& event) noexcept;
  // In the format of docs/allocator.md. Events of blocks whose allocation is not in the record are
  // left out.
  std::string text() const;

 private:
  mutable ForkSafeMutex mutex_{LockLevel::kHistory};
  std::vector<Event> events_;
  uint64_t count_ = 0;  // ever added
};

}  // namespace libtensor::memory
