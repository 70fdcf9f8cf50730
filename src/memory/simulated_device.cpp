#include "memory/simulated_device.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace libtensor::memory {
namespace {

uintptr_t number(const void* data) { return reinterpret_cast<uintptr_t>(data); }

// Addresses of one range never touch those of the next.
constexpr size_t kApart = size_t{1} << 30;

}  // namespace

ProviderProperties SimulatedDevice::properties() const {
  ProviderProperties properties;
  properties.name = options_.virtual_memory ? "simulated virtual memory" : "simulated memory";
  properties.virtual_memory = options_.virtual_memory;
  properties.granularity = options_.granularity;
  properties.alignment = options_.alignment;
  return properties;
}

MemoryProvider::Info SimulatedDevice::info() {
  std::lock_guard lock(mutex_);
  return {options_.capacity, options_.capacity - counts_.reserved};
}

// Memory.

bool SimulatedDevice::fails(Call call) {
  Fault& fault = faults_[static_cast<size_t>(call)];
  if (fault.after == 0 || --fault.after > 0) return false;
  fault.after = 1;
  check(fault.how == Failure::kAnswer, "the driver is broken");
  return true;
}

bool SimulatedDevice::take(size_t bytes) {
  if (bytes == 0 || bytes % options_.granularity != 0) misuse(str("a size of ", bytes));
  if (bytes > options_.capacity - counts_.reserved) return false;
  counts_.reserved += bytes;
  counts_.peak = std::max(counts_.peak, counts_.reserved);
  return true;
}

void SimulatedDevice::give(size_t bytes) { counts_.reserved -= bytes; }

void* SimulatedDevice::allocate(size_t bytes) {
  std::lock_guard lock(mutex_);
  if (options_.virtual_memory) misuse("allocate with virtual memory");
  if (fails(Call::kAllocate) || !take(bytes)) return nullptr;
  ++counts_.takes;
  const uintptr_t address = next_address_;
  next_address_ += (bytes + kApart) / options_.granularity * options_.granularity;
  ranges_[address] = bytes;
  return reinterpret_cast<void*>(address);
}

void SimulatedDevice::free(void* data, size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  const auto range = ranges_.find(number(data));
  if (range == ranges_.end() || range->second != bytes) return misuse("free of what is not there");
  check_unused(range->first, range->first + bytes, "free");
  ranges_.erase(range);
  give(bytes);
  ++counts_.gives;
}

void* SimulatedDevice::reserve(size_t bytes) {
  std::lock_guard lock(mutex_);
  if (bytes % options_.granularity != 0) misuse(str("reserve of ", bytes));
  if (fails(Call::kReserve)) return nullptr;
  const uintptr_t address = next_address_;
  next_address_ += (bytes + kApart) / options_.granularity * options_.granularity;
  ranges_[address] = bytes;
  ++counts_.ranges;
  return reinterpret_cast<void*>(address);
}

void SimulatedDevice::unreserve(void* address, size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  const auto range = ranges_.find(number(address));
  if (range == ranges_.end() || range->second != bytes) return misuse("unreserve of no range");
  const auto mapping = mappings_.lower_bound(range->first);
  if (mapping != mappings_.end() && mapping->first < range->first + bytes) {
    misuse("unreserve of mapped addresses");
  }
  ranges_.erase(range);
  --counts_.ranges;
}

bool SimulatedDevice::create(size_t bytes, Physical* out) {
  std::lock_guard lock(mutex_);
  if (fails(Call::kCreate) || !take(bytes)) return false;
  ++counts_.creates;
  *out = next_physical_++;
  physical_[*out] = {bytes, false};
  return true;
}

void SimulatedDevice::destroy(Physical memory, size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  const auto piece = physical_.find(memory);
  if (piece == physical_.end() || piece->second != std::pair{bytes, false}) {
    return misuse("destroy of what is not there, or is mapped");
  }
  physical_.erase(piece);
  give(bytes);
}

bool SimulatedDevice::map(void* address, size_t bytes, Physical memory) {
  std::lock_guard lock(mutex_);
  if (fails(Call::kMap)) return false;
  const uintptr_t begin = number(address), end = begin + bytes;
  const auto piece = physical_.find(memory);
  if (piece == physical_.end() || piece->second != std::pair{bytes, false}) {
    misuse("map of what is not there, or is mapped");
    return false;
  }
  const auto range = ranges_.upper_bound(begin);
  if (range == ranges_.begin() || std::prev(range)->first + std::prev(range)->second < end) {
    misuse("map outside of a reserved range");
  }
  const auto after = mappings_.lower_bound(begin);
  if ((after != mappings_.end() && after->first < end) ||
      (after != mappings_.begin() &&
       std::prev(after)->first + std::prev(after)->second.bytes > begin)) {
    misuse("map over a mapping");
  }
  piece->second.second = true;
  mappings_[begin] = {bytes, memory};
  ++counts_.takes;
  return true;
}

bool SimulatedDevice::open(void* address, size_t bytes) {
  std::lock_guard lock(mutex_);
  if (fails(Call::kOpen)) return false;
  const uintptr_t end = number(address) + bytes;
  uintptr_t at = number(address);
  for (auto mapping = mappings_.find(at); at < end; ++mapping) {
    if (mapping == mappings_.end() || mapping->first != at || at + mapping->second.bytes > end) {
      misuse("open of what is not mapped");
      return false;
    }
    mapping->second.open = true;
    at += mapping->second.bytes;
  }
  ++counts_.opens;
  return true;
}

void SimulatedDevice::unmap(void* address, size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  const auto mapping = mappings_.find(number(address));
  if (mapping == mappings_.end() || mapping->second.bytes != bytes) {
    return misuse("unmap of what is not mapped");
  }
  check_unused(mapping->first, mapping->first + bytes, "unmap");
  physical_[mapping->second.memory].second = false;
  mappings_.erase(mapping);
  ++counts_.gives;
}

// Streams.

Event SimulatedDevice::record(Stream stream) noexcept {
  std::lock_guard lock(mutex_);
  if (lost_) return kPassedEvent;
  if (fails(Call::kRecord)) return 0;
  events_[next_event_] = {stream, streams_[stream].launched, now_};
  ++counts_.events;
  return next_event_++;
}

bool SimulatedDevice::passed(Event event) noexcept {
  std::lock_guard lock(mutex_);
  if (lost_) return true;
  if (fails(Call::kQuery)) return false;
  const auto found = events_.find(event);
  if (found == events_.end()) {
    misuse("a question about an event that is not there");
    return true;
  }
  const Point& point = found->second;
  if (options_.lag == kManual) return streams_[point.stream].done >= point.number;
  return now_ - point.time >= options_.lag;
}

bool SimulatedDevice::wait(Event event) noexcept {
  std::lock_guard lock(mutex_);
  if (lost_) return true;
  if (fails(Call::kQuery)) return false;
  const auto found = events_.find(event);
  if (found == events_.end()) {
    misuse("waiting for an event that is not there");
    return true;
  }
  ++counts_.waits;
  StreamState& state = streams_[found->second.stream];
  state.done = std::max(state.done, found->second.number);
  if (options_.lag != kManual) now_ = std::max(now_, found->second.time + options_.lag);
  return true;
}

void SimulatedDevice::release(Event event) noexcept {
  std::lock_guard lock(mutex_);
  if (event == kPassedEvent) return;
  if (events_.erase(event) == 0) return misuse("release of an event that is not there");
  --counts_.events;
}

void SimulatedDevice::launch(Stream stream, const void* data, size_t bytes) {
  std::lock_guard lock(mutex_);
  StreamState& state = streams_[stream];
  const uintptr_t begin = number(data), end = begin + bytes;
  catch_up();
  for (const Work& work : work_) {
    if (work.stream != stream && work.begin < end && begin < work.end &&
        state.after[work.stream] < work.number) {
      misuse(str("streams ", work.stream, " and ", stream, " use the same memory without order"));
    }
  }
  for (uintptr_t at = begin; options_.virtual_memory && at < end;) {
    auto mapping = mappings_.upper_bound(at);
    if (mapping == mappings_.begin() || (--mapping)->first + mapping->second.bytes <= at ||
        !mapping->second.open) {
      misuse("work on memory that is not mapped, or not open");
      break;
    }
    at = mapping->first + mapping->second.bytes;
  }
  work_.push_back({stream, ++state.launched, begin, end});
  state.launches.push_back({stream, state.launched, now_});
}

void SimulatedDevice::stream_wait(Stream stream, Stream other) {
  std::lock_guard lock(mutex_);
  StreamState& state = streams_[stream];
  const StreamState& source = streams_[other];
  for (const auto& [which, count] : source.after) {
    state.after[which] = std::max(state.after[which], count);
  }
  state.after[other] = source.launched;
}

void SimulatedDevice::complete(Stream stream) {
  std::lock_guard lock(mutex_);
  streams_[stream].done = streams_[stream].launched;
}

// Forgets work that is done.
void SimulatedDevice::catch_up() {
  for (auto& [stream, state] : streams_) {
    if (options_.lag == kManual) continue;
    size_t done = 0;
    while (done < state.launches.size() && now_ - state.launches[done].time >= options_.lag) ++done;
    if (done > 0) state.done = std::max(state.done, state.launches[done - 1].number);
    state.launches.erase(state.launches.begin(),
                         state.launches.begin() + static_cast<ptrdiff_t>(done));
  }
  std::erase_if(work_, [&](const Work& work) { return streams_[work.stream].done >= work.number; });
}

void SimulatedDevice::check_unused(uintptr_t begin, uintptr_t end, const char* call) {
  catch_up();
  for (const Work& work : work_) {
    if (work.begin < end && begin < work.end) {
      misuse(str(call, " of memory that stream ", work.stream, " still uses"));
    }
  }
}

SimulatedDevice::Counts SimulatedDevice::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<std::string> SimulatedDevice::misuses() const {
  std::lock_guard lock(mutex_);
  return misuses_;
}

}  // namespace libtensor::memory
