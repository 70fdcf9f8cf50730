// The last resort before an allocation fails, and what the failure says.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "memory/caching_allocator.h"
#include "memory/calls_nobody.h"
#include "memory/context.h"
#include "memory/tags.h"

namespace libtensor::memory {
namespace {

constexpr size_t kHoldersShown = 5;
// What the callback itself allocates must not call it.
LIBTENSOR_FAST_THREAD_LOCAL bool calling = false;

std::string size_text(size_t bytes) {
  static constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  char digits[32];
  const auto end =
      std::to_chars(digits, std::end(digits), value, std::chars_format::fixed, unit == 0 ? 0 : 2);
  return str(std::string_view(digits, end.ptr), " ", kUnits[unit]);
}

}  // namespace

LIBTENSOR_FAST_THREAD_LOCAL bool calls_nobody = false;

void CachingAllocator::set_pressure_callback(PressureCallback callback) {
  auto fresh = callback ? std::make_shared<const PressureCallback>(std::move(callback)) : nullptr;
  std::lock_guard lock(callback_mutex_);
  pressure_.swap(fresh);
}

bool CachingAllocator::call_pressure(size_t bytes) {
  std::shared_ptr<const PressureCallback> callback;
  {
    std::lock_guard lock(callback_mutex_);
    callback = pressure_;
  }
  if (!callback || calling) return false;
  pressure_calls_.fetch_add(1, std::memory_order_relaxed);
  const struct Calling {  // also where the callback throws
    uint32_t tag = current_tag;
    Calling() { calling = true; }
    ~Calling() {
      calling = false;
      current_tag = tag;
    }
  } during;
  return (*callback)(bytes);
}

// Those who hold most, by operation and tag.
std::string CachingAllocator::largest_holders() {
  using Key = std::pair<std::string, uint32_t>;
  struct Sum {
    size_t bytes = 0, blocks = 0;
  };
  std::map<Key, Sum> sums;
  for_each_block([&](Stream, const Block& block) {
    if (block.state != Block::State::kUsed) return;
    Sum& sum = sums[{operation_name(block.operation), block.tag}];
    sum.bytes += block.requested;
    ++sum.blocks;
  });
  std::vector<std::pair<Key, Sum>> sorted(sums.begin(), sums.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  if (sorted.size() > kHoldersShown) sorted.resize(kHoldersShown);
  std::string text;
  for (const auto& [key, sum] : sorted) {
    text += text.empty() ? " Largest holders: " : ", ";
    text += key.first.empty() ? "other" : key.first;
    if (key.second != 0) text += str(" (tag '", tag_name(key.second), "')");
    text +=
        str(" ", size_text(sum.bytes), " in ", sum.blocks, sum.blocks == 1 ? " block" : " blocks");
  }
  return text.empty() ? text : text + ".";
}

void CachingAllocator::fail_out_of_memory(size_t bytes) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  const size_t reserved = reserved_.now(), live = allocated_.now();
  const size_t room = capacity() - std::min(capacity(), reserved);
  const size_t free = std::min(room, provider_->info().free);
  // PyTorch's words for the host and for devices.
  const std::string what =
      properties_.streams ? str("CUDA out of memory. Tried to allocate ", size_text(bytes), " (",
                                bytes, " bytes) on ", name_, ". ")
                          : str("not enough memory: you tried to allocate ", bytes, " bytes. ");
  fail(Status::kOutOfMemory, what, size_text(free), " is free on the device; ", size_text(reserved),
       " is reserved, of which ", size_text(live), " is in use.", largest_holders());
}

void CachingAllocator::fail_over_tag_budget(size_t bytes) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  TagAccounts::Account& account = tags_.account(current_tag);
  fail(Status::kOutOfMemory, name_, " out of memory. Tried to allocate ", size_text(bytes), " (",
       bytes, " bytes) with the tag '", tag_name(current_tag), "', of whose budget of ",
       size_text(account.budget.load()), " ", size_text(account.allocated.now()), " is in use.");
}

}  // namespace libtensor::memory
