#include "access.h"

#include <dlfcn.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <sstream>

#include "block.h"
#include "blocks.h"
#include "device_memory.h"
#include "report.h"
#include "timeline.h"

extern "C" {
extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char _end[] __attribute__((visibility("hidden")));
}

namespace cuda_emulator {
namespace {

std::map<uintptr_t, size_t>& pinned() {
  static auto* state = new std::map<uintptr_t, size_t>;
  return *state;
}

bool is_pinned(uintptr_t address) {
  auto found = pinned().upper_bound(address);
  return found != pinned().begin() && address - (--found)->first < found->second;
}

const char* verb(Access access) {
  return access == Access::kRead ? "reads" : access == Access::kWrite ? "writes" : "updates";
}

void describe_use(std::ostringstream& text, uintptr_t address, size_t size, Access access) {
  text << describe(running()->id) << ' ' << verb(access) << ' ' << size << " bytes at ";
  if (shared_shadow().contains(address)) {
    text << "byte " << address - shared_shadow().begin << " of shared memory";
  } else {
    text << describe_address(address);
  }
  if (const RunningThread* thread = running_thread()) {
    text << " (thread " << thread->in_block << " of block " << thread->in_grid / thread->block_size
         << ')';
  }
}

[[gnu::noinline]] void report_use(const char* what, uintptr_t address, size_t size, Access access) {
  std::ostringstream text;
  text << what << ": ";
  describe_use(text, address, size, access);
  report(text.str());
}

[[gnu::noinline]] void report_race(const char* what, uintptr_t address, size_t size, Access access,
                                   Use before, bool wrote) {
  std::ostringstream text;
  text << what << ": ";
  describe_use(text, address, size, access);
  text << ", which ";
  if (before.operation == running()->id) {
    text << "thread " << before.thread << " of the grid";
  } else {
    text << describe(static_cast<uint32_t>(before.operation));
  }
  text << (wrote ? " wrote" : " read") << "; nothing orders the two";
  report(text.str());
}

// The access that runs now.
struct Accessing {
  const Operation& operation;
  const RunningThread* thread;
  uint32_t thread_id;
  Use use;
  int read_set;
  uint32_t ordered = 0;  // an operation that is known to come before

  explicit Accessing(bool atomic)
      : operation(*running()), thread(running_thread()), thread_id(kUnknownThread) {
    if (thread && thread->in_grid < kManyBlocks && thread->tick < kMaxTick) {
      thread_id = thread->in_grid;
    }
    use.operation = operation.id;
    use.thread = thread_id;
    use.tick = thread ? thread->tick : 0;
    use.atomic = atomic;
    read_set = static_cast<int>(stream_of(operation) % kReadSets);
  }

  // Does `before` come before this access, or is it of the same thread?
  bool is_ordered(Use before) {
    if (before.operation == operation.id) return is_ordered_in_grid(before);
    if (before.operation == ordered) return true;
    const OperationRecord& record = record_of(static_cast<uint32_t>(before.operation));
    if (!knows(operation.clock, record.stream, record.position)) return false;
    ordered = static_cast<uint32_t>(before.operation);
    return true;
  }

 private:
  bool is_ordered_in_grid(Use before) const {
    if (!thread || thread_id == kUnknownThread || before.thread == kUnknownThread) return true;
    if (before.thread == kManyBlocks) return before.atomic && use.atomic;
    if (before.thread == thread_id && !before.also_warp && !before.also_others) return true;
    const uint32_t own_block = thread_id / thread->block_size;
    const auto other = static_cast<uint32_t>(before.thread);
    if (other / thread->block_size != own_block) return before.atomic && use.atomic;
    if (before.tick < thread->block_tick) return true;
    const bool same_warp = other % thread->block_size / 32 == thread->in_block / 32;
    if (same_warp && !before.also_others && before.tick < thread->warp_tick) return true;
    return before.atomic && use.atomic;
  }
};

bool is_same(Use a, Use b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

// The first byte from `at` on, before `end`, whose mark is another one.
size_t end_of_run(const Use* marks, size_t at, size_t end) {
  size_t next = at + 1;
  while (next < end && is_same(marks[next], marks[at])) ++next;
  return next;
}

// As whole words: a copy of bit fields is many instructions.
void fill(Use* at, const Use* end, Use use) {
  for (; at != end; ++at) std::memcpy(static_cast<void*>(at), &use, sizeof(use));
}

// A read by this thread joins those of others since the last synchronisation.
void note_read(Use& place, const Accessing& now) {
  Use use = now.use;
  if (place.operation == use.operation && now.thread && now.thread_id != kUnknownThread) {
    const uint32_t size = now.thread->block_size;
    const auto before = static_cast<uint32_t>(place.thread);
    if (before == kManyBlocks || before / size != now.thread_id / size) {
      use.thread = kManyBlocks;
    } else if (place.tick >= now.thread->block_tick) {
      const bool same_warp = before % size / 32 == now.thread->in_block / 32;
      use.also_warp = place.also_warp || before != now.thread_id;
      use.also_others = place.also_others || !same_warp;
    }
  }
  place = use;
}

// What was found is said once; the marks are those of this access all the same, or whatever follows
// would be found wrong as well. The bytes of an element mostly have one history: bytes of the same
// marks are looked at once.
void check_marks(Shadow& shadow, uintptr_t address, size_t size, Access access, Accessing& now) {
  const size_t begin = address - shadow.begin, end = begin + size;
  const char* const what = shadow.begin == shared_shadow().begin ? "race in shared memory" : "race";
  bool found = false;
  const auto check = [&](Use use, bool wrote) {
    if (found || use.operation == 0 || now.is_ordered(use)) return;
    report_race(what, address, size, access, use, wrote);
    found = true;
  };
  if (access == Access::kRead) {
    Use* const reads = shadow.reads[now.read_set];
    shadow.note_read(now.read_set, begin, size);
    for (size_t i = begin, next; i < end; i = next) {
      next = end_of_run(reads, i, end_of_run(shadow.writes, i, end));
      check(shadow.writes[i], true);
      note_read(reads[i], now);
      fill(reads + i + 1, reads + next, reads[i]);
    }
    return;
  }
  for (size_t i = begin, next; i < end; i = next) {
    next = end_of_run(shadow.writes, i, end);
    check(shadow.writes[i], true);
  }
  for (int set = 0; set < kReadSets; ++set) {
    if (!shadow.may_be_read(set, begin, size)) continue;  // the marks need not be brought near
    Use* const reads = shadow.reads[set];
    for (size_t i = begin, next; i < end; i = next) {
      next = end_of_run(reads, i, end);
      check(reads[i], false);
    }
    fill(reads + begin, reads + end, Use());
  }
  fill(shadow.writes + begin, shadow.writes + end, now.use);
  std::fill_n(shadow.states + begin, size, kInitialised);
}

bool check_states(const Shadow& shadow, uintptr_t address, size_t size, bool needs_values,
                  Access access) {
  const uint8_t* const states = shadow.states + (address - shadow.begin);
  bool has_values = true;
  for (size_t i = 0; i < size; ++i) {
    if (states[i] == kUnaddressable) {
      const BlockPlace block = block_before(address + i);
      const bool too_early = address + i - block.begin < block.bytes;
      report_use(
          too_early ? "race with an 'allocation' that its stream has not come to" : "out of bounds",
          address, size, access);
      return false;
    }
    has_values = has_values && states[i] == kInitialised;
  }
  if (needs_values && !has_values) {
    report_use("memory without a value is read", address, size, access);
  }
  return true;
}

// The marks alone, where no byte is touched.
void check_shadow(Shadow& shadow, uintptr_t address, size_t size, Access access,
                  bool needs_values) {
  if (!check_states(shadow, address, size, needs_values, access)) return;
  shadow.note_used(address - shadow.begin, size);
  Accessing now(access == Access::kAtomic);
  check_marks(shadow, address, size, access, now);
}

void check_inside(Shadow& shadow, uintptr_t address, size_t size, Access access,
                  bool needs_values) {
  if (size == 0) return;
  if (address + size > shadow.begin + shadow.bytes) {
    return report_use("out of bounds", address, size, access);
  }
  if (shadow.begin == device_shadow().begin) open_memory(address, size);
  check_shadow(shadow, address, size, access, needs_values);
}

bool is_aligned(uintptr_t address, size_t size) {
  return size > 16 || (size & (size - 1)) != 0 || address % size == 0;
}

[[gnu::noinline]] void report_host_use(const char* what, uintptr_t address) {
  std::ostringstream text;
  text << what;
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(address), &info) && info.dli_sname) text << info.dli_sname;
  report(text.str());
}

}  // namespace

void check_access(const void* pointer, size_t size, Access access) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  Shadow& device = device_shadow();
  const bool in_device = device.contains(address);
  if (!running_thread()) {
    if (in_device) {
      report_host_use("the host dereferences device memory: ", address);
    }
    return;
  }
  Shadow& shadow = in_device ? device : shared_shadow();
  if (!in_device && !shadow.contains(address)) {
    if (is_thread_memory(address) ||
        (address >= reinterpret_cast<uintptr_t>(__ehdr_start) &&
         address < reinterpret_cast<uintptr_t>(_end)) ||
        is_pinned(address)) {
      return;
    }
    return report_use("a kernel uses memory of the host", address, size, access);
  }
  if (!is_aligned(address, size)) {
    report_use("misaligned", address, size, access);
    if (size == 16) end_with_reports();  // the host's processor faults, as the device would
  }
  check_inside(shadow, address, size, access, access != Access::kWrite);
}

void check_whole(const void* pointer, size_t size, Access access) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  if (is_device_address(pointer)) {
    check_inside(device_shadow(), address, size, access, access != Access::kWrite);
  }
}

void check_free(const void* data, size_t size) {
  Shadow& shadow = device_shadow();
  const size_t end = reinterpret_cast<uintptr_t>(data) - shadow.begin + size;
  for (size_t at = end - size, next; at < end; at = next) {
    next = std::min(end, (at / Shadow::kChunk + 1) * Shadow::kChunk);
    if (shadow.used[at / Shadow::kChunk]) {
      check_shadow(shadow, shadow.begin + at, next - at, Access::kWrite, false);
    }
  }
}

void check_read_any(const void* pointer, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  check_inside(device_shadow(), address, size, Access::kRead, false);
}

void check_copy(void* to, const void* from, size_t size) {
  check_read_any(from, size);
  check_whole(to, size, Access::kWrite);
  Shadow& shadow = device_shadow();
  for (size_t i = 0; i < size; ++i) {
    const uint8_t state = shadow.states[reinterpret_cast<uintptr_t>(from) - shadow.begin + i];
    if (state != kUninitialised) continue;
    shadow.states[reinterpret_cast<uintptr_t>(to) - shadow.begin + i] = kUninitialised;
  }
}

void note_pinned(void* data, size_t bytes, bool live) {
  if (live) {
    pinned()[reinterpret_cast<uintptr_t>(data)] = bytes;
  } else {
    pinned().erase(reinterpret_cast<uintptr_t>(data));
  }
}

void note_atomic(const void* address, size_t size) { check_access(address, size, Access::kAtomic); }

}  // namespace cuda_emulator

// What kernels call before each access: the compiler puts the calls there for ThreadSanitizer, and
// the build gives them these names (hooks.txt).
using cuda_emulator::Access;
using cuda_emulator::check_access;

extern "C" {
void cuda_emulator_init() {}
void cuda_emulator_func_entry(void*) {}
void cuda_emulator_func_exit() {}
void cuda_emulator_vptr_update(void**, void*) {}
void cuda_emulator_vptr_read(void**) {}
#define LIBTENSOR_EMULATOR_HOOKS(size)                                                       \
  void cuda_emulator_read##size(void* p) { check_access(p, size, Access::kRead); }           \
  void cuda_emulator_write##size(void* p) { check_access(p, size, Access::kWrite); }         \
  void cuda_emulator_unaligned_read##size(void* p) { check_access(p, size, Access::kRead); } \
  void cuda_emulator_unaligned_write##size(void* p) { check_access(p, size, Access::kWrite); }
LIBTENSOR_EMULATOR_HOOKS(1)
LIBTENSOR_EMULATOR_HOOKS(2)
LIBTENSOR_EMULATOR_HOOKS(4)
LIBTENSOR_EMULATOR_HOOKS(8)
LIBTENSOR_EMULATOR_HOOKS(16)
void cuda_emulator_read_range(void* p, size_t size) { check_access(p, size, Access::kRead); }
void cuda_emulator_write_range(void* p, size_t size) { check_access(p, size, Access::kWrite); }
}
