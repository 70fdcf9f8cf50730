#include "core/in_use.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#include "core/asymmetric_barrier.h"
#include "core/error.h"
#include "core/fork.h"
#include "core/single_threaded.h"

namespace libtensor {
namespace {

constinit UseList nothing;

// In a forked child, where other threads do not exist; with all locks held.
void forget_uses_of_other_threads() noexcept;

struct AllUses {
  AllUses() { run_in_children(forget_uses_of_other_threads); }

  ForkSafeMutex mutex{LockLevel::kUses};
  std::vector<ThreadUses*> threads;
  std::atomic<bool> has_barrier{register_barrier()};
};
AllUses& all() { return Eternal<AllUses>::get(); }

}  // namespace

LIBTENSOR_FAST_THREAD_LOCAL UseList* uses = &nothing;

// One thread's list, which moves as it grows, and the tensors that the thread changes.
class ThreadUses {
 public:
  ThreadUses();
  ~ThreadUses();
  ThreadUses(const ThreadUses&) = delete;
  ThreadUses& operator=(const ThreadUses&) = delete;

  // Room for one more.
  UseList& grow() {
    const uint32_t count = list->count.load(std::memory_order_relaxed);
    if (count == room) replace(make(2 * room), 2 * room);
    return *list;
  }
  void shrink() noexcept {
    if (UseList* const small = static_cast<UseList*>(::operator new(bytes(kRoom), std::nothrow)))
      replace(new (small) UseList{{}, {}, this}, kRoom);
  }
  bool contains(const TensorImpl& tensor) const {
    const auto* const begin = list->tensors();
    return std::any_of(begin, begin + list->count.load(), [&](const UseList::Entry& entry) {
      return entry.load(std::memory_order_relaxed) == &tensor;
    });
  }
  [[gnu::no_sanitize("address"), gnu::no_sanitize("thread")]] bool contains_view_of(
      const Storage& storage) const;
  bool changes(const TensorImpl& tensor) const {
    return std::find(changing.begin(), changing.end(), &tensor) != changing.end();
  }
  void show_room() { list->quick.store(all().has_barrier ? room : 0, std::memory_order_relaxed); }

  static constexpr uint32_t kRoom = 60;
  UseList* list;  // written by the thread, with the lock
  uint32_t room = kRoom;
  std::vector<const TensorImpl*> changing;  // with repetitions

 private:
  static size_t bytes(uint32_t count) { return sizeof(UseList) + count * sizeof(UseList::Entry); }
  UseList* make(uint32_t count) { return new (::operator new(bytes(count))) UseList{{}, {}, this}; }
  void replace(UseList* fresh, uint32_t fresh_room) noexcept;
};

ThreadUses::ThreadUses() : list(make(kRoom)) {
  try {
    std::lock_guard lock(all().mutex);
    all().threads.push_back(this);
    show_room();
  } catch (...) {
    ::operator delete(list);
    throw;
  }
  uses = list;
}

ThreadUses::~ThreadUses() {
  if (uses == list) uses = &nothing;
  std::lock_guard lock(all().mutex);
  std::erase(all().threads, this);
  ::operator delete(list);
}

void ThreadUses::replace(UseList* fresh, uint32_t fresh_room) noexcept {
  const uint32_t count = std::min(list->count.load(std::memory_order_relaxed), fresh_room);
  for (uint32_t i = 0; i < count; ++i) fresh->tensors()[i] = list->tensors()[i].load();
  fresh->count.store(count, std::memory_order_relaxed);
  UseList* const old = list;
  {
    std::lock_guard lock(all().mutex);
    list = fresh;
    room = fresh_room;
    show_room();
  }
  uses = fresh;
  ::operator delete(old);
}

// What a call that has ended meanwhile used may be gone, and its memory another object's: then it
// does not matter what is read there. Objects' memory stays mapped.
bool ThreadUses::contains_view_of(const Storage& storage) const {
  const uint32_t count = list->count.load(std::memory_order_seq_cst);
  for (uint32_t i = 0; i < count; ++i) {
    const TensorImpl* const tensor = list->tensors()[i].load(std::memory_order_relaxed);
    const auto* const place = reinterpret_cast<const Storage* const volatile*>(&tensor->storage);
    if (*place == &storage) return true;
  }
  return false;
}

namespace {

static_assert(sizeof(Ref<Storage>) == sizeof(Storage*));

ThreadUses& own_uses() { return uses->owner ? *uses->owner : *make_for_thread<ThreadUses>(); }

// Whether another thread's list may hold what `found` looks for. What this thread has written until
// now is seen by each that notes a use from now on.
template <class Found>
bool any_other_thread(Found found) noexcept {
  if (single_threaded()) return false;
  const ThreadUses* const own = uses->owner;
  const auto is_other = [&](const ThreadUses* thread) { return thread != own; };
  AllUses& shared = all();
  {
    std::lock_guard lock(shared.mutex);
    if (std::none_of(shared.threads.begin(), shared.threads.end(), is_other)) return false;
  }
  const bool done = !shared.has_barrier || barrier_on_all_threads();
  std::lock_guard lock(shared.mutex);
  if (!done) {  // the process has given up the right to it: readers do without from now on
    shared.has_barrier = false;
    for (ThreadUses* thread : shared.threads) thread->show_room();
  }
  return std::any_of(shared.threads.begin(), shared.threads.end(),
                     [&](const ThreadUses* thread) { return is_other(thread) && found(*thread); });
}

void forget_uses_of_other_threads() noexcept {
  std::erase_if(all().threads, [](const ThreadUses* thread) { return thread != uses->owner; });
}

}  // namespace

void use_slowly(const TensorImpl& tensor, const char* name) {
  UseList& list = own_uses().grow();
  const uint32_t count = list.count.load(std::memory_order_relaxed);
  list.tensors()[count].store(&tensor, std::memory_order_relaxed);
  list.count.store(count + 1, std::memory_order_seq_cst);
  if (tensor.changing.load(std::memory_order_seq_cst)) check_changed_here(tensor, name);
}

void check_changed_here(const TensorImpl& tensor, const char* name) {
  check(uses->owner->changes(tensor), name, " is being changed by another thread");
}

bool is_among_uses(const TensorImpl& tensor) noexcept { return uses->owner->contains(tensor); }

void UseScope::give_back_room(uint32_t left) noexcept {
  if (left < ThreadUses::kRoom) uses->owner->shrink();
}

Exclusive::Exclusive(const Tensor& tensor) {
  TensorImpl& impl = *tensor.impl();
  ThreadUses& own = own_uses();
  const bool again = own.changes(impl);
  own.changing.push_back(&impl);
  bool others = false;
  if (!again && !compare_exchange(impl.changing, others, true, std::memory_order_seq_cst)) {
    own.changing.pop_back();
    fail(Status::kInvalidArgument, "a tensor to be changed is being changed by another thread");
  }
  tensor_ = tensor.ref();
  if (again) return;
  if (any_other_thread([&](const ThreadUses& thread) { return thread.contains(impl); })) {
    end();
    tensor_ = nullptr;
    fail(Status::kInvalidArgument,
         "a tensor whose shape, memory or history is to be changed is in use by another thread");
  }
}

void Exclusive::end() noexcept {
  std::vector<const TensorImpl*>& changing = uses->owner->changing;
  changing.erase(std::find(changing.begin(), changing.end(), tensor_.get()));
  if (!uses->owner->changes(*tensor_)) tensor_->changing.store(false, std::memory_order_release);
}

bool used_elsewhere(const Storage& storage) noexcept {
  return any_other_thread(
      [&](const ThreadUses& thread) { return thread.contains_view_of(storage); });
}

WaitingUses::WaitingUses() : owner_(&own_uses()) {}
void WaitingUses::take_over() const noexcept { uses = owner_->list; }
void WaitingUses::leave() const noexcept { uses = &nothing; }
void WaitingUses::resume() const noexcept { uses = owner_->list; }

}  // namespace libtensor
