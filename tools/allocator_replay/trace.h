// A recorded run of a program, as far as its memory is concerned: see docs/allocator.md for the
// format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace replay {

struct Event {
  enum class Kind : uint8_t { kAllocate, kFree, kRecordStream, kStreamWait, kIteration };
  Kind kind;
  uint32_t block = 0;   // of a, f, r: a dense number, not the file's
  uint32_t stream = 0;  // of a, r; of s: the one that waits
  uint64_t bytes = 0;   // of a; of s: the stream waited for
};

struct Trace {
  std::string name;  // the file's, without folder and endings
  std::vector<Event> events;
  uint32_t blocks = 0;  // numbers in use
  uint64_t peak_live = 0;
};

// Reads a plain or gzipped file. Throws std::runtime_error with file, line and reason.
Trace read_trace(const std::string& path);

}  // namespace replay
