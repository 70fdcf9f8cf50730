#include "core/storage.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/device_runtime.h"
#include "core/in_use.h"

namespace libtensor {

Ref<Storage> Storage::allocate(size_t bytes, Device device) {
  Ref<Storage> storage = Ref<Storage>::adopt(new Storage);
  storage->device_ = device;
  storage->acquire(bytes);
  return storage;
}

Ref<Storage> Storage::share(void* data, size_t bytes, Device device) {
  Ref<Storage> storage = Ref<Storage>::adopt(new Storage);
  storage->owned_ = false;
  storage->device_ = device;
  storage->data_ = data;
  storage->bytes_ = bytes;
  return storage;
}

void Storage::end_loan(void* lender) { static_cast<Storage*>(lender)->release(); }

Ref<Storage> Storage::with_version(const Ref<Storage>& memory, uint32_t version) {
  auto* lender = const_cast<Storage*>(memory->lender());
  const size_t bytes = memory->bytes();  // before the memory, which may grow
  Ref<Storage> storage = share(memory->data(), bytes, memory->device_);
  lender->retain();
  storage->set_deleter(end_loan, lender);
  storage->own_counter_.version.store(version, std::memory_order_relaxed);
  lender->lent_.store(true, std::memory_order_release);
  return storage;
}

struct Storage::SharedCounter : RefCounted<SharedCounter>, Counter {
  static void destroy(SharedCounter* counter) { delete counter; }
};

// The own one moves into it. Another thread that raises the version meanwhile races with whoever
// exchanges the tensor's memory, and may be counted in the old place.
Storage::SharedCounter* Storage::share_counter() {
  SharedCounter* shared = shared_counter_.load(std::memory_order_acquire);
  if (shared) return shared;
  auto* fresh = new SharedCounter;
  fresh->version.store(own_counter_.version.load());
  fresh->watched.store(own_counter_.watched.load());
  if (!shared_counter_.compare_exchange_strong(shared, fresh, std::memory_order_acq_rel)) {
    delete fresh;
    return shared;
  }
  fresh->changes.store(own_counter_.changes.exchange(nullptr));
  counter_.store(fresh, std::memory_order_release);
  return fresh;
}

Ref<Storage> Storage::with_version_of(const Ref<Storage>& memory, Storage& counted) {
  const bool is_counted_alone = counted.use_count() == 1 && !counted.shared_counter_.load();
  Ref<Storage> storage = with_version(memory, is_counted_alone ? counted.version() : 0);
  if (is_counted_alone) {
    if (counted.watched()) storage->watch();
    return storage;
  }
  SharedCounter* const shared = counted.share_counter();
  shared->retain();
  storage->shared_counter_.store(shared, std::memory_order_relaxed);
  storage->counter_.store(shared, std::memory_order_relaxed);
  return storage;
}

// A ring of the latest changes. Two threads that write one tensor race, and may garble which
// operation is named, but nothing else.
struct Storage::ChangeLog {
  static constexpr size_t kCount = 8;
  struct Entry {
    std::atomic<uint32_t> version{0};
    std::atomic<const char*> operation{nullptr};
  };
  Entry entries[kCount];
};

Storage::Counter::~Counter() { delete changes.load(std::memory_order_relaxed); }

void Storage::log_change(Counter& counter, const char* operation) noexcept {
  ChangeLog* log = counter.changes.load(std::memory_order_acquire);
  if (!log) {
    auto* fresh = new (std::nothrow) ChangeLog;
    if (!fresh) return;
    if (counter.changes.compare_exchange_strong(log, fresh, std::memory_order_acq_rel)) {
      log = fresh;
    } else {
      delete fresh;
    }
  }
  const uint32_t now = counter.version.load(std::memory_order_relaxed);
  ChangeLog::Entry& entry = log->entries[now % ChangeLog::kCount];
  entry.operation.store(operation, std::memory_order_relaxed);
  entry.version.store(now, std::memory_order_relaxed);
}

std::vector<Storage::Change> Storage::changes_since(uint32_t version) const {
  std::vector<Change> found;
  const ChangeLog* log = counter().changes.load(std::memory_order_acquire);
  const uint32_t now = this->version();
  if (!log || now == version) return found;
  const uint32_t count = std::min<uint32_t>(now - version, ChangeLog::kCount);
  for (uint32_t wanted = now - count + 1; wanted != now + 1; ++wanted) {
    const ChangeLog::Entry& entry = log->entries[wanted % ChangeLog::kCount];
    const char* operation = entry.operation.load(std::memory_order_relaxed);
    if (operation && entry.version.load(std::memory_order_relaxed) == wanted)
      found.push_back({wanted, operation});
  }
  return found;
}

void Storage::destroy(Storage* storage) {
  if (storage->former_) [[unlikely]]
    storage->drop_former();
  storage->give_back();
  if (SharedCounter* const shared = storage->shared_counter_.load(std::memory_order_relaxed))
    shared->release();
  delete storage;
}

void Storage::acquire(size_t bytes) {
  const bool fits_inline = bytes <= kInlineBytes && device_.is_cpu();
  data_ = fits_inline ? inline_ : runtime_for(device_).allocate(device_, bytes);
  bytes_ = bytes;
}

void Storage::give_back() {
  if (!owned_) {
    if (deleter_) deleter_(context_);
  } else if (data_ && data_ != inline_) {
    runtime_for(device_).free(device_, data_, bytes());
  }
}

Ref<Storage> Storage::grown(size_t bytes) const {
  const bool has_lent = lent_.load(std::memory_order_relaxed) && use_count() > 1;
  check((owned_ && !has_lent) || is_loan(), "Trying to resize storage that is not resizable");
  Ref<Storage> fresh = allocate(bytes, device_);
  DeviceRuntime& runtime = runtime_for(device_);
  runtime.copy_bytes(fresh->data(), device_, data(), device_, std::min(bytes, this->bytes()));
  // What is read here goes in the same call, in which nobody else could say so.
  runtime.record_stream(data(), runtime.current_stream());
  return fresh;
}

// `grown` gets what was here, and goes unless it is needed. Small memory stays where it is: nobody
// has to keep it.
void Storage::take_over(Ref<Storage> grown) noexcept {
  void* const memory = grown->data();
  void* const own = data() == inline_ ? nullptr : data();
  const bool is_small = memory == grown->inline_;
  if (is_small) std::memcpy(inline_, grown->inline_, kInlineBytes);
  std::atomic_ref(data_).store(is_small ? inline_ : memory, std::memory_order_release);
  grown->data_ = own;
  grown->bytes_.store(bytes_.exchange(grown->bytes(), std::memory_order_acq_rel));
  std::swap(owned_, grown->owned_);
  grown->deleter_ = std::exchange(deleter_, nullptr);
  grown->context_ = context_;  // a lender is asked for in two steps
  // Also what another thread has just lent: it says so before it is done with it.
  const bool is_read =
      use_count() > 1 && (used_elsewhere(*this) || lent_.load(std::memory_order_acquire));
  if (!is_read) return drop_former();
  grown->former_ = std::move(former_);
  former_ = std::move(grown);
}

// Without recursion.
void Storage::drop_former() noexcept {
  while (former_) former_ = Ref<Storage>(std::move(former_->former_));
}

}  // namespace libtensor
