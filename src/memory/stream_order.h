// Who may use freed memory, and when.
//
// Work on one stream runs in order, so memory freed there may be used there again at once. Anybody
// else (another stream, or the driver that takes the memory back) must know that the stream has
// come past the free. Recording an event for each free would cost more than the free, so frees are
// stamped with the stream's epoch, and an event closes an epoch now and then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "memory/provider.h"

namespace libtensor::memory {

class StreamOrder {
 public:
  StreamOrder(MemoryProvider& provider, Stream stream, bool ordered)
      : provider_(provider), stream_(stream), ordered_(ordered) {}
  ~StreamOrder();
  StreamOrder(const StreamOrder&) = delete;
  StreamOrder& operator=(const StreamOrder&) = delete;

  Stream stream() const { return stream_; }

  // The stamp of what is freed now.
  uint64_t stamp() {
    open_ = true;
    return epoch_;
  }
  // Has the device come past all frees of this stamp, as far as is known?
  bool passed(uint64_t stamp) const { return !ordered_ || stamp <= passed_; }

  // Counts what is freed; returns how much it is since the last mark.
  size_t freed(size_t bytes) { return unmarked_ += bytes; }
  // Closes the epoch by an event, if anything was freed in it.
  void mark();
  // Looks how far the device has come; does not wait.
  void poll();
  // Waits until the device has come past all that was freed. True if it has waited: false where
  // there was nothing to wait for, or where that cannot be done.
  bool wait();

 private:
  struct Mark {
    uint64_t epoch;
    Event event;
  };

  MemoryProvider& provider_;
  const Stream stream_;
  const bool ordered_;
  bool open_ = false;  // something was freed in this epoch
  size_t unmarked_ = 0;
  uint64_t epoch_ = 1;
  uint64_t passed_ = 0;  // this epoch, and all before it
  std::deque<Mark> marks_;
};

}  // namespace libtensor::memory
