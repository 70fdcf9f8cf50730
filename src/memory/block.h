// A run of addresses with one owner: the unit in which the allocator thinks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/pool.h"
#include "memory/provider.h"

namespace libtensor::memory {

class Arena;

// Another stream that a block is used on, besides its own.
struct OtherUse final : Pooled<OtherUse> {
  Stream stream;
  Event event = 0;  // recorded there when the block was freed, or as soon after as can be
  OtherUse* next = nullptr;
};

struct Block final : Pooled<Block> {
  enum class State : uint8_t {
    kUsed,      // the caller's
    kWaiting,   // freed, but another stream may still use it
    kFree,      // memory behind it, nobody's
    kUnmapped,  // addresses only
  };

  uintptr_t address = 0;
  size_t size = 0;
  State state = State::kUnmapped;
  uint32_t tag = 0;      // used: the user's tag, see tags.h
  size_t requested = 0;  // used: what was asked for
  Arena* arena = nullptr;
  Block* previous = nullptr;  // neighbours in address order, in one reserved range
  Block* next = nullptr;
  union {
    Block* left = nullptr;  // free: in its list's tree; unmapped: previous of its list;
                            // waiting: next of its queue
    const char* operation;  // used: who asked, a string that lives for ever
  };
  union {
    Block* right = nullptr;  // free: as above; unmapped: next of the list
    OtherUse* uses;          // used and waiting
  };
  uint64_t epoch = 0;  // free and waiting: when the newest part of it was freed, see stream_order.h

  uintptr_t end() const { return address + size; }
  bool is_free() const { return state == State::kFree; }
  bool is_unmapped() const { return state == State::kUnmapped; }
  // Neither used nor waiting: an allocation may be placed here.
  bool is_open() const { return is_free() || is_unmapped(); }
};

}  // namespace libtensor::memory
