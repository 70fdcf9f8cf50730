#include "memory/tags.h"

#include <deque>
#include <mutex>

#include "core/error.h"
#include "core/fork.h"

namespace libtensor::memory {
namespace {

constexpr size_t kMaxName = 255;

struct Names {
  ForkSafeMutex mutex{LockLevel::kTags};
  std::deque<std::string> names{""};
};

Names& all_names() { return Eternal<Names>::get(); }

}  // namespace

uint32_t tag_number(const std::string& name) {
  check(name.size() <= kMaxName, "a tag has at most ", kMaxName, " bytes");
  Names& all = all_names();
  std::lock_guard lock(all.mutex);
  for (size_t i = 0; i < all.names.size(); ++i) {
    if (all.names[i] == name) return static_cast<uint32_t>(i);
  }
  check(all.names.size() < kMaxTags, "there are ", kMaxTags - 1, " tags already");
  all.names.push_back(name);
  return static_cast<uint32_t>(all.names.size() - 1);
}

std::string tag_name(uint32_t tag) {
  Names& all = all_names();
  std::lock_guard lock(all.mutex);
  return tag < all.names.size() ? all.names[tag] : "";
}

TagAccounts::~TagAccounts() {
  for (const auto& account : accounts_) delete account.load();
}

TagAccounts::Account& TagAccounts::account(uint32_t tag) {
  std::atomic<Account*>& place = accounts_[tag];
  if (Account* there = place.load(std::memory_order_acquire)) return *there;
  auto fresh = std::make_unique<Account>();
  Account* expected = nullptr;
  if (place.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *expected;
}

bool TagAccounts::charge(uint32_t tag, size_t bytes) {
  Account& its = account(tag);
  const size_t budget = its.budget.load(std::memory_order_relaxed);
  return its.allocated.add_within(bytes, budget);
}

void TagAccounts::release(uint32_t tag, size_t bytes) noexcept {
  if (Account* its = accounts_[tag].load(std::memory_order_acquire)) its->allocated.subtract(bytes);
}

}  // namespace libtensor::memory
