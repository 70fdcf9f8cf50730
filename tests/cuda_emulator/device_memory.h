// The devices' memory: a range of addresses of this process that the host cannot use. What work of
// a device uses of it is open while that work runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shadow.h"

namespace cuda_emulator {

inline constexpr size_t kArenaBytes = size_t{32} << 30;

Shadow& device_shadow();
inline bool is_device_address(const void* address) {
  return device_shadow().contains(reinterpret_cast<uintptr_t>(address));
}

// Poisoned, with gaps around it. nullptr: the device's capacity is used up.
void* allocate_device(int device, size_t bytes);
bool free_device(void* data);  // false: not the beginning of an allocation
// Virtual memory counts as well. False: the device's capacity is used up.
bool charge(int device, size_t bytes);
void refund(int device, size_t bytes);
size_t allocated_bytes(int device);
size_t capacity();
void set_capacity(size_t bytes);  // of each device
// The live allocations, for leaks; none: "".
std::string describe_allocations();
// "byte 12 of the 512 bytes at 0x...", or where the address lies otherwise.
std::string describe_address(uintptr_t address);

// Addresses alone, for virtual memory. nullptr: none left.
void* reserve_addresses(size_t bytes);
void release_addresses(void* address);
bool is_reserved(uintptr_t address, size_t bytes);

// While one lives, what runs opens the memory that it uses (open_memory); then all is closed again.
// May be nested.
class MemoryWindow {
 public:
  MemoryWindow();
  ~MemoryWindow();
  MemoryWindow(const MemoryWindow&) = delete;
  MemoryWindow& operator=(const MemoryWindow&) = delete;
};

// The arena is opened in pieces of this size: to open all of it at once would cost by the page that
// was ever used.
inline constexpr size_t kPieceBytes = size_t{16} << 10;
extern uint8_t piece_is_open[kArenaBytes / kPieceBytes];
void open_pieces(size_t first, size_t last);

// For an access of the work that runs. All of the range lies in the arena.
inline void open_memory(uintptr_t address, size_t size) {
  const size_t offset = address - device_shadow().begin;
  const size_t first = offset / kPieceBytes, last = (offset + size - 1) / kPieceBytes;
  for (size_t piece = first; piece <= last; ++piece) {
    if (!piece_is_open[piece]) return open_pieces(piece, last);
  }
}

}  // namespace cuda_emulator
