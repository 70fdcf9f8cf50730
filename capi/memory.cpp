#include "tensor/memory.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "callback.h"
#include "firewall.h"
#include "memory/context.h"
#include "memory/device_memory.h"
#include "memory/host_memory.h"
#include "memory/tags.h"

using namespace libtensor;
using namespace libtensor::capi;
using libtensor::memory::Block;
using libtensor::memory::CachingAllocator;

static_assert(offsetof(tensor_memory_stats_t, capacity) == 104);
static_assert(offsetof(tensor_memory_block_t, operation) == 304);

namespace {

CachingAllocator& allocator_for(tensor_device_t device) {
  return memory::allocator_of(device_of(device, "device"));
}

// The structs' sizes in version 1.0: callers may have been compiled for it.
constexpr size_t kLeastStats = 112;
constexpr size_t kLeastBlock = 368;

// Writes as much of `value` as the caller's struct has room for.
template <class T>
void hand_out(T value, void* out, size_t struct_size) {
  value.struct_size = struct_size;
  std::memcpy(out, &value, std::min(sizeof value, struct_size));
}

void check_struct(size_t struct_size, size_t least, const char* name) {
  check(struct_size >= least, name, "struct_size is ", struct_size, ", expected at least ", least);
}

tensor_memory_stats_t levels(const memory::StreamStatistics& from) {
  tensor_memory_stats_t to{};
  to.allocated = from.allocated.now;
  to.allocated_peak = from.allocated.peak;
  to.active = from.active.now;
  to.active_peak = from.active.peak;
  to.reserved = from.reserved.now;
  to.reserved_peak = from.reserved.peak;
  to.allocations = from.allocations;
  to.frees = from.frees;
  return to;
}

uint32_t tag_of(const char* tag) {
  check(tag && *tag, "tag must not be NULL or empty");
  return memory::tag_number(tag);
}

void copy_text(const std::string& text, char* to, size_t room) {
  const size_t length = std::min(text.size(), room - 1);
  std::memcpy(to, text.data(), length);
  to[length] = 0;
}

tensor_memory_block_t described(memory::Stream stream, const Block& block) {
  tensor_memory_block_t out{};
  out.address = block.address;
  out.bytes = block.size;
  out.stream = stream;
  out.state = block.state == Block::State::kUsed      ? TENSOR_MEMORY_USED
              : block.state == Block::State::kWaiting ? TENSOR_MEMORY_WAITING
                                                      : TENSOR_MEMORY_FREE;
  return out;
}

class Functions final : public memory::Source {
 public:
  using Allocate = void* (*)(void*, uint64_t);
  using Free = void (*)(void*, void*, uint64_t);

  Functions(Allocate allocates, Free frees, void* user)
      : allocate_(allocates), free_(frees), user_(user) {}
  ~Functions() override { call_destroy({user_, destroy}); }
  void* allocate(size_t bytes) override {
    const CallbackFrame frame;
    return allocate_(user_, bytes);
  }
  void free(void* data, size_t bytes) noexcept override {
    const CallbackFrame frame;
    free_(user_, data, bytes);
  }

  void (*destroy)(void*) = nullptr;  // set when nothing can fail any more

 private:
  const Allocate allocate_;
  const Free free_;
  void* const user_;
};

struct Pressure {
  bool (*function)(void*, tensor_device_t, uint64_t);
  void* user;
  tensor_device_t device;
  void (*destroy)(void*) = nullptr;

  ~Pressure() { call_destroy({user, destroy}); }
  bool operator()(uint64_t bytes) const {
    const CallbackFrame frame;
    return function(user, device, bytes);
  }
};

}  // namespace

tensor_status_t tensor_memory_stats(tensor_device_t device, tensor_memory_stats_t* out) {
  return guard([&] {
    check_result(out, "out");
    check_struct(out->struct_size, kLeastStats, "out->");
    const memory::DeviceStatistics from = allocator_for(device).statistics();
    tensor_memory_stats_t stats = levels(from);
    stats.device_calls = from.device_calls;
    stats.waits = from.waits;
    stats.pressure_calls = from.pressure_calls;
    stats.out_of_memory = from.out_of_memory;
    stats.capacity = from.capacity;
    hand_out(stats, out, out->struct_size);
  });
}

tensor_status_t tensor_memory_stream_stats(tensor_device_t device, uint64_t* streams,
                                           tensor_memory_stats_t* stats, size_t capacity,
                                           size_t* count) {
  return guard([&] {
    check_result(count, "count");
    check(capacity == 0 || (streams && stats), "streams and stats must not be NULL");
    const size_t stride = capacity > 0 ? stats->struct_size : 0;
    if (capacity > 0) check_struct(stride, kLeastStats, "stats[0].");
    const auto all = allocator_for(device).stream_statistics();
    for (size_t i = 0; i < std::min(capacity, all.size()); ++i) {
      streams[i] = all[i].stream;
      hand_out(levels(all[i].statistics), reinterpret_cast<std::byte*>(stats) + i * stride, stride);
    }
    *count = all.size();
  });
}

tensor_status_t tensor_memory_reset_peaks(tensor_device_t device) {
  return guard([&] { allocator_for(device).reset_peaks(); });
}

tensor_status_t tensor_memory_empty_cache(tensor_device_t device) {
  return guard([&] { allocator_for(device).empty_cache(); });
}

tensor_status_t tensor_memory_set_tag(const char* tag) {
  return guard([&] { memory::current_tag = tag ? memory::tag_number(tag) : 0; });
}

tensor_status_t tensor_memory_tag(char* buffer, size_t capacity, size_t* length) {
  return guard(
      [&] { copy_string(memory::tag_name(memory::current_tag), buffer, capacity, length); });
}

tensor_status_t tensor_memory_set_budget(tensor_device_t device, uint64_t bytes) {
  return guard([&] { allocator_for(device).set_budget(bytes); });
}

tensor_status_t tensor_memory_set_tag_budget(tensor_device_t device, const char* tag,
                                             uint64_t bytes) {
  return guard([&] {
    CachingAllocator& allocator = allocator_for(device);
    allocator.tags().account(tag_of(tag)).budget.store(bytes, std::memory_order_relaxed);
  });
}

tensor_status_t tensor_memory_tag_bytes(tensor_device_t device, const char* tag,
                                        uint64_t* allocated, uint64_t* peak) {
  return guard([&] {
    check_result(allocated, "allocated");
    check_result(peak, "peak");
    const auto& account = allocator_for(device).tags().account(tag_of(tag));
    *allocated = account.allocated.now();
    *peak = account.allocated.peak();
  });
}

tensor_status_t tensor_memory_set_pressure_callback(
    tensor_device_t device, bool (*function)(void* user, tensor_device_t device, uint64_t bytes),
    void* user, void (*destroy)(void* user)) {
  return guard([&] {
    CachingAllocator& allocator = allocator_for(device);
    if (!function) return allocator.set_pressure_callback(nullptr);
    const auto callback = std::make_shared<Pressure>(Pressure{function, user, device});
    allocator.set_pressure_callback([callback](size_t bytes) { return (*callback)(bytes); });
    callback->destroy = destroy;
  });
}

tensor_status_t tensor_memory_set_provider(tensor_device_t device,
                                           void* (*allocate)(void* user, uint64_t bytes),
                                           void (*free)(void* user, void* data, uint64_t bytes),
                                           void* user, void (*destroy)(void* user)) {
  return guard([&] {
    const Device own = device_of(device, "device");
    memory::allocator_of(own);  // throws where there is none
    check(!allocate == !free, "allocate and free must both be given, or neither");
    if (!allocate) return memory::replace_source(own, nullptr);
    const auto source = std::make_shared<Functions>(allocate, free, user);
    memory::replace_source(own, source);
    source->destroy = destroy;
  });
}

tensor_status_t tensor_memory_snapshot(tensor_device_t device, tensor_memory_block_t* blocks,
                                       size_t capacity, size_t* count) {
  return guard([&] {
    check_result(count, "count");
    check_room(blocks, capacity, "blocks");
    const size_t stride = capacity > 0 ? blocks->struct_size : 0;
    if (capacity > 0) check_struct(stride, kLeastBlock, "blocks[0].");
    struct Seen {
      tensor_memory_block_t block;
      uint32_t tag = 0;
      const char* operation = nullptr;
    };
    std::vector<Seen> seen;
    allocator_for(device).for_each_block([&](memory::Stream stream, const Block& block) {
      if (block.is_unmapped()) return;
      seen.push_back({described(stream, block)});
      if (block.state != Block::State::kUsed) return;
      seen.back().block.requested = block.requested;
      seen.back().tag = block.tag;
      seen.back().operation = block.operation;
    });
    std::stable_sort(seen.begin(), seen.end(),
                     [](const Seen& a, const Seen& b) { return a.block.stream < b.block.stream; });
    for (size_t i = 0; i < std::min(capacity, seen.size()); ++i) {
      tensor_memory_block_t& block = seen[i].block;
      copy_text(memory::tag_name(seen[i].tag), block.tag, sizeof block.tag);
      copy_text(memory::operation_name(seen[i].operation), block.operation, sizeof block.operation);
      hand_out(block, reinterpret_cast<std::byte*>(blocks) + i * stride, stride);
    }
    *count = seen.size();
  });
}

tensor_status_t tensor_memory_history_record(tensor_device_t device, size_t max_events) {
  return guard([&] { allocator_for(device).record_history(max_events); });
}

tensor_status_t tensor_memory_history(tensor_device_t device, char* buffer, size_t capacity,
                                      size_t* length) {
  return guard([&] {
    check_room(buffer, capacity, "buffer");
    const auto history = allocator_for(device).history();
    check(history != nullptr, "no history is being recorded");
    copy_string(history->text(), buffer, capacity, length);
  });
}
