#include "memory/history.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "core/text.h"
#include "memory/context.h"
#include "memory/tags.h"

namespace libtensor::memory {
namespace {

// Numbers in place of addresses, reused after a free.
class Numbers {
 public:
  size_t give(uintptr_t address) {
    size_t number = numbers_.size();
    if (!unused_.empty()) {
      number = unused_.back();
      unused_.pop_back();
    }
    numbers_[address] = number;
    return number;
  }
  const size_t* find(uintptr_t address) const {
    const auto found = numbers_.find(address);
    return found == numbers_.end() ? nullptr : &found->second;
  }
  void take_back(uintptr_t address) {
    const auto found = numbers_.find(address);
    unused_.push_back(found->second);
    numbers_.erase(found);
  }

 private:
  std::unordered_map<uintptr_t, size_t> numbers_;
  std::vector<size_t> unused_;
};

// Streams as small numbers, in the order in which they appear.
class StreamNumbers {
 public:
  size_t of(Stream stream) {
    const auto found = std::find(streams_.begin(), streams_.end(), stream);
    if (found != streams_.end()) return static_cast<size_t>(found - streams_.begin());
    streams_.push_back(stream);
    return streams_.size() - 1;
  }

 private:
  std::vector<Stream> streams_{0};
};

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

}  // namespace

void History::add(const Event& event) noexcept {
  std::lock_guard lock(mutex_);
  events_[count_++ % events_.size()] = event;
}

std::string History::text() const {
  std::vector<Event> ordered;
  {
    std::lock_guard lock(mutex_);
    const uint64_t kept = std::min<uint64_t>(count_, events_.size());
    for (uint64_t i = count_ - kept; i < count_; ++i)
      ordered.push_back(events_[i % events_.size()]);
  }
  TextStream out;
  out << "# recorded by libtensor: a ID BYTES STREAM | f ID | r ID STREAM\n";
  Numbers numbers;
  StreamNumbers streams;
  for (const Event& event : ordered) {
    if (event.kind == 'a') {
      out << "a " << numbers.give(event.address) << ' ' << event.bytes << ' '
          << streams.of(event.stream);
      if (event.operation || event.tag != 0) out << " #";
      if (event.operation) out << " op=" << operation_name(event.operation);
      if (event.tag != 0) out << " tag=" << one_line(tag_name(event.tag));
      out << '\n';
    } else if (const size_t* number = numbers.find(event.address)) {
      out << event.kind << ' ' << *number;
      if (event.kind == 'r') out << ' ' << streams.of(event.stream);
      out << '\n';
      if (event.kind == 'f') numbers.take_back(event.address);
    }
  }
  return std::move(out).str();
}

}  // namespace libtensor::memory
