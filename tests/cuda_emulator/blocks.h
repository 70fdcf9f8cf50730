// The blocks that the plug-in's allocator hands out of larger pieces of device memory
// (include/block_watch.h). For each the shadow changes in the order of the block's stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cuda_emulator {

// The live block that lies next before the address, with its size; begin 0: there is none.
struct BlockPlace {
  uintptr_t begin = 0;
  size_t bytes = 0;
};
BlockPlace block_before(uintptr_t address);
// "3 blocks of device memory, 1200 bytes, never freed"; none: "".
std::string describe_blocks();

}  // namespace cuda_emulator
