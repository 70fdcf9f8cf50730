// The program's own words for its memory.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "memory/statistics.h"

namespace libtensor::memory {

inline constexpr uint32_t kMaxTags = 1024;  // tag 0 is none

// The tag's number, the same for the process's life. Throws Error where there are too many.
uint32_t tag_number(const std::string& name);
// "" for 0.
std::string tag_name(uint32_t tag);

// How much of one device each tag holds, and how much it may.
class TagAccounts {
 public:
  struct Account {
    SharedLevel allocated;
    std::atomic<size_t> budget{SIZE_MAX};
  };

  ~TagAccounts();

  Account& account(uint32_t tag);
  // False: that would exceed the tag's budget; nothing has changed.
  bool charge(uint32_t tag, size_t bytes);
  void release(uint32_t tag, size_t bytes) noexcept;

 private:
  std::array<std::atomic<Account*>, kMaxTags> accounts_{};
};

}  // namespace libtensor::memory
