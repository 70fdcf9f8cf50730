// What is known of each byte of device or shared memory: whether it may be used, whether it holds a
// value, and who used it last.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cuda_emulator {

enum ByteState : uint8_t { kUnaddressable = 0, kUninitialised = 1, kInitialised = 2 };

// A use of a byte: by which operation, which of its threads, and after how many of its block's
// synchronisations.
struct Use {
  uint64_t operation : 24 = 0;  // 0: none yet
  uint64_t thread : 20 = 0;
  uint64_t tick : 17 = 0;
  uint64_t atomic : 1 = 0;
  // Other threads of the same warp, or of other warps, read as well.
  uint64_t also_warp : 1 = 0;
  uint64_t also_others : 1 = 0;
};
static_assert(sizeof(Use) == 8);

inline constexpr uint32_t kMaxOperations = (1u << 24) - 1;
inline constexpr uint32_t kUnknownThread = (1u << 20) - 1;   // beyond what a Use can name
inline constexpr uint32_t kManyBlocks = kUnknownThread - 1;  // threads of several blocks read
inline constexpr uint32_t kMaxTick = (1u << 17) - 1;

// Two kinds of streams' reads are kept apart, so that the reads of one do not hide the other's.
inline constexpr int kReadSets = 2;

struct Shadow {
  uintptr_t begin = 0;
  size_t bytes = 0;
  uint8_t* states = nullptr;
  Use* writes = nullptr;
  Use* reads[kReadSets] = {};
  // By chunks: was any byte used since the range was last reset? Large ranges are mostly not.
  static constexpr size_t kChunk = 4096;
  uint8_t* used = nullptr;
  uint8_t* read_in[kReadSets] = {};  // of the same chunks: may any byte have a mark of a read?

  // Memory for the marks of a range of addresses, zero and cheap until touched.
  Shadow(uintptr_t address, size_t size);
  Shadow() = default;

  bool contains(uintptr_t address) const { return address - begin < bytes; }
  // Gives a range a new state; reset() also forgets its uses.
  void set_state(uintptr_t address, size_t size, ByteState state);
  void reset(uintptr_t address, size_t size, ByteState state);
  void forget_uses();
  void note_used(size_t at, size_t size) { mark_chunks(used, at, size); }
  void note_read(int set, size_t at, size_t size) { mark_chunks(read_in[set], at, size); }
  bool may_be_read(int set, size_t at, size_t size) const {
    bool found = false;
    for (size_t i = at / kChunk; i <= (at + size - 1) / kChunk; ++i) found |= read_in[set][i];
    return found;
  }

 private:
  static void mark_chunks(uint8_t* chunks, size_t at, size_t size) {
    for (size_t i = at / kChunk; i <= (at + size - 1) / kChunk; ++i) chunks[i] = 1;
  }
};

}  // namespace cuda_emulator
