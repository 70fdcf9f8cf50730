// What works, and yet is hardly meant: PyTorch's warnings. The host says where they go.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "core/error.h"

namespace libtensor {

// Throws where the host wants the operation that warns to fail. Runs code of the host's.
using WarningHandler = std::function<void(const std::string& text)>;
// Null, as at first: warnings go nowhere.
void set_warning_handler(WarningHandler handler);

extern std::atomic<bool> has_warning_handler;
// On the calling thread; not what the handler itself causes.
void send_warning(const std::string& text);

// Before the first write, and not under a lock. True where code of the host's has run: what the
// caller knows of its arguments' shapes and memory it must look up again.
template <class... Args>
inline bool warn(const Args&... args) {
  if (!has_warning_handler.load(std::memory_order_relaxed)) [[likely]]
    return false;
  send_warning(str(args...));
  return true;
}

}  // namespace libtensor
