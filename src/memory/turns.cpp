#include "memory/turns.h"

#include "core/fork.h"
#include "memory/context.h"

namespace libtensor::memory {
namespace {

constexpr int kAddressBits = 48;

// An address that no other thread has.
uint64_t this_thread() { return reinterpret_cast<uint64_t>(&current_operation); }
uint64_t thread_of(uint64_t owner) { return owner & ((uint64_t{1} << kAddressBits) - 1); }

}  // namespace

Turns::Turn::Turn(Turns& turns) : turns_(turns) {
  const uint64_t forks = fork_count();
  for (uint64_t other = 0;;) {
    const bool is_free = other == 0 || other >> kAddressBits != forks;
    if (thread_of(other) == this_thread()) {
      nested_ = true;
      return;
    }
    if (!is_free) {
      turns_.owner_.wait(other);
      other = 0;
    }
    if (turns_.owner_.compare_exchange_strong(other, this_thread() | forks << kAddressBits)) return;
  }
}

Turns::Turn::~Turn() {
  if (nested_) return;
  turns_.owner_.store(0);
  turns_.owner_.notify_all();
}

}  // namespace libtensor::memory
