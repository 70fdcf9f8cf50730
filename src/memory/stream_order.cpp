#include "memory/stream_order.h"

#include <new>

namespace libtensor::memory {

StreamOrder::~StreamOrder() {
  for (const Mark& mark : marks_) provider_.release(mark.event);
}

void StreamOrder::mark() {
  if (!ordered_ || !open_) return;
  const Event event = provider_.record(stream_);
  if (!event) return;  // the epoch stays open
  try {
    marks_.push_back({epoch_, event});
  } catch (const std::bad_alloc&) {
    return provider_.release(event);  // likewise
  }
  open_ = false;
  unmarked_ = 0;
  ++epoch_;
}

void StreamOrder::poll() {
  while (!marks_.empty() && provider_.passed(marks_.front().event)) {
    passed_ = marks_.front().epoch;
    provider_.release(marks_.front().event);
    marks_.pop_front();
  }
}

bool StreamOrder::wait() {
  mark();
  poll();
  if (marks_.empty()) return false;
  if (!provider_.wait(marks_.back().event)) return false;
  passed_ = marks_.back().epoch;
  for (const Mark& mark : marks_) provider_.release(mark.event);
  marks_.clear();
  return true;
}

}  // namespace libtensor::memory
