#include "cuda/faults.h"

#include <atomic>
#include <mutex>

#include "core/device.h"
#include "core/fork.h"
#include "cuda/check.h"

namespace libtensor::cuda {
namespace {

constexpr int kMaxDevices = 64;
FaultRecord* records[kMaxDevices] = {};  // they live as long as the process

struct Reading {
  ForkSafeMutex mutex{LockLevel::kMemory};
};
Reading& reading() {
  static auto* state = new Reading;
  return *state;
}

unsigned long long load(unsigned long long& word) {
  return std::atomic_ref(word).load(std::memory_order_acquire);
}

[[noreturn]] void fail_with_text(const FaultSite& site, int64_t value, const std::string& found) {
  switch (site.kind) {
    case FaultKind::kIndex:
      fail(Status::kInvalidArgument, "index ", value, " is out of bounds for dimension ", site.dim,
           " with size ", site.size, found);
    case FaultKind::kIndexInSelf:
      fail(Status::kIndexError, "index out of range in self", found);
    case FaultKind::kTarget:
      fail(Status::kIndexError, "Target ", value, " is out of bounds.", found);
    case FaultKind::kZeroDivision:
      fail(Status::kInvalidArgument, "ZeroDivisionError", found);
  }
  fail(Status::kInternal, "a fault of an unknown kind");
}

// Some other thread may have been faster.
[[gnu::noinline]] void take_fault(int device, FaultRecord& record) {
  FaultSite site;
  int64_t value;
  {
    const std::lock_guard lock(reading().mutex);
    const unsigned long long published = load(record.published);
    if (published == record.seen) return;
    site = record.site;
    value = record.value;
    std::atomic_ref(record.seen).store(published, std::memory_order_release);
  }
  fail_with_text(
      site, value,
      str(" (", Device{DeviceType::kCuda, static_cast<int16_t>(device)}, " met this in ",
          site.operation,
          ", an earlier call, whose results are of no use; tensor_cuda_check_at_once has "
          "the call itself fail)"));
}

}  // namespace

FaultReporter::FaultReporter(const Context& context, const FaultSite& where)
    : record(records[context.device]), site(where) {}

void open_faults(int device) {
  if (records[device]) return;  // made when the device could not be opened
  const DeviceGuard guard(device);
  void* data = nullptr;
  check_cuda(cudaHostAlloc(&data, sizeof(FaultRecord), cudaHostAllocPortable), "cudaHostAlloc");
  records[device] = new (data) FaultRecord{};
}

void check_faults(int device) {
  FaultRecord* const record = records[device];
  if (!record) return;
  if (load(record->published) != load(record->seen)) [[unlikely]]
    take_fault(device, *record);
}

void fail_at(const FaultSite& site, int64_t value) { fail_with_text(site, value, ""); }

}  // namespace libtensor::cuda
