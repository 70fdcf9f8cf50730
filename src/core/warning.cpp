#include "core/warning.h"

#include <memory>
#include <mutex>
#include <utility>

#include "core/fork.h"

namespace libtensor {

std::atomic<bool> has_warning_handler{false};

namespace {

struct Current {
  ForkSafeMutex mutex{LockLevel::kHooks};
  std::shared_ptr<const WarningHandler> handler;
};
Current& current() { return Eternal<Current>::get(); }

std::shared_ptr<const WarningHandler> current_handler() {
  std::lock_guard lock(current().mutex);
  return current().handler;
}

}  // namespace

void set_warning_handler(WarningHandler handler) {
  auto shared = handler ? std::make_shared<const WarningHandler>(std::move(handler)) : nullptr;
  std::lock_guard lock(current().mutex);
  has_warning_handler.store(shared != nullptr, std::memory_order_relaxed);
  std::swap(current().handler, shared);
}  // the previous one goes after the lock

void send_warning(const std::string& text) {
  static thread_local bool sending = false;
  const std::shared_ptr<const WarningHandler> handler = current_handler();
  if (!handler || sending) return;
  const struct Sending {
    Sending() { sending = true; }
    ~Sending() { sending = false; }
  } during;
  (*handler)(text);
}

}  // namespace libtensor
