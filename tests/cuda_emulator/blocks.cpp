#include "blocks.h"

#include <map>
#include <sstream>

#include "access.h"
#include "device_memory.h"
#include "include/block_watch.h"
#include "runtime_lock.h"
#include "timeline.h"

namespace cuda_emulator {
namespace {

std::map<uintptr_t, size_t>& blocks() {
  static auto* state = new std::map<uintptr_t, size_t>;
  return *state;
}

}  // namespace

BlockPlace block_before(uintptr_t address) {
  auto found = blocks().upper_bound(address);
  if (found == blocks().begin()) return {};
  --found;
  return {found->first, found->second};
}

std::string describe_blocks() {
  size_t bytes = 0;
  for (const auto& [begin, size] : blocks()) bytes += size;
  const size_t count = blocks().size();
  if (count == 0) return "";
  std::ostringstream text;
  text << count << (count == 1 ? " block" : " blocks") << " of device memory, " << bytes
       << " bytes, never freed";
  return text.str();
}

}  // namespace cuda_emulator

using namespace cuda_emulator;

namespace libtensor::cuda {

void watch_segment(void* data, size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  device_shadow().set_state(reinterpret_cast<uintptr_t>(data), bytes, kUnaddressable);
}

void watch_allocated(void* data, size_t bytes, cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  const auto begin = reinterpret_cast<uintptr_t>(data);
  blocks()[begin] = bytes;
  enqueue_bookkeeping(stream, "allocation",
                      [=] { device_shadow().set_state(begin, bytes, kUninitialised); });
}

void watch_freed(void* data, size_t bytes, cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  const auto begin = reinterpret_cast<uintptr_t>(data);
  blocks().erase(begin);
  enqueue_bookkeeping(stream, "free", [=] {
    const bool named = blocks().try_emplace(begin, bytes).second;  // for messages
    check_free(data, bytes);
    if (named) blocks().erase(begin);
    device_shadow().set_state(begin, bytes, kUnaddressable);
  });
}

AllocatorScope::AllocatorScope() : before_(set_in_allocator(true)) {}
AllocatorScope::~AllocatorScope() { set_in_allocator(before_); }

}  // namespace libtensor::cuda
