// What happens when no free block fits: memory is taken back, taken anew, or waited for.
#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "memory/caching_allocator.h"
#include "memory/calls_nobody.h"

namespace libtensor::memory {
namespace {

constexpr size_t kLeastRange = size_t{1}
                               << 40;  // addresses reserved at once, if not the device's size
constexpr size_t kMostRange = size_t{1} << 43;

size_t round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

// A free block that could give pieces back.
struct Victim {
  Arena* arena;
  Block* block;
  size_t bytes;  // in such pieces
};

// The one that covers the need with the least surplus comes first; where none covers it, the
// largest. Few large victims cost fewer calls than many small ones, and break up less.
void sort_by_fit(std::vector<Victim>& victims, size_t need) {
  std::sort(victims.begin(), victims.end(), [need](const Victim& a, const Victim& b) {
    const bool a_covers = a.bytes >= need, b_covers = b.bytes >= need;
    if (a_covers != b_covers) return a_covers;
    if (a.bytes != b.bytes) return a_covers ? a.bytes < b.bytes : a.bytes > b.bytes;
    return a.block->address < b.block->address;
  });
}

// As few pieces as cover the need: the smallest that covers what is left of it, else the largest.
std::vector<Span> choose_pieces(std::vector<Span> pieces, size_t need) {
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Span& a, const Span& b) { return a.size() > b.size(); });
  std::vector<Span> chosen;
  for (size_t covered = 0; covered < need && !pieces.empty();) {
    auto piece = pieces.begin();
    while (std::next(piece) != pieces.end() && std::next(piece)->size() >= need - covered) ++piece;
    covered += piece->size();
    chosen.push_back(*piece);
    pieces.erase(piece);
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  return chosen;
}

}  // namespace

// What a change of memory has come to is counted at its end, also where it ends by an exception.
struct CachingAllocator::Counted {
  explicit Counted(CachingAllocator& owner) : allocator(owner) {}
  ~Counted() { allocator.apply(change); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  CachingAllocator& allocator;
  Change change;
};

// Holds `growth_`. After it the program's functions get back what was freed, unless the thread
// must call nobody: then another time.
class CachingAllocator::Growth {
 public:
  explicit Growth(CachingAllocator& owner) : allocator_(owner) { allocator_.growth_.lock(); }
  ~Growth() {
    allocator_.growth_.unlock();
    if (!calls_nobody) allocator_.provider_->return_freed();
  }
  Growth(const Growth&) = delete;
  Growth& operator=(const Growth&) = delete;

 private:
  CachingAllocator& allocator_;
};

// Gives what was collected back to the provider, also where the collecting ended by an exception.
struct CachingAllocator::Returning {
  explicit Returning(CachingAllocator& owner) : allocator(owner) {}
  ~Returning() {
    for (const Returned& piece : pieces) {
      give_to(*allocator.provider_, allocator.properties_.virtual_memory, piece);
    }
  }
  Returning(const Returning&) = delete;
  Returning& operator=(const Returning&) = delete;

  CachingAllocator& allocator;
  std::vector<Returned> pieces;
};

// A segment from the program's functions, on its way from them to an arena.
class CachingAllocator::Fetched {
 public:
  explicit Fetched(MemoryProvider& provider) : provider_(provider) {}
  ~Fetched() { drop(); }
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;

  enum class Answer { kNotAsked, kNone, kThere };
  Answer answer(size_t bytes) const { return bytes == bytes_ ? answer_ : Answer::kNotAsked; }
  void* data() const { return data_; }
  void want(size_t bytes) { wanted_ = bytes; }
  bool wanted() const { return wanted_ > 0; }
  // Without a lock.
  void ask() {
    drop();
    bytes_ = std::exchange(wanted_, 0);
    data_ = provider_.fetch(bytes_);
    answer_ = data_ ? Answer::kThere : Answer::kNone;
  }
  void forget() {
    data_ = nullptr;
    answer_ = Answer::kNotAsked;
  }

 private:
  void drop() {
    if (data_) provider_.free(std::exchange(data_, nullptr), bytes_);
    provider_.return_freed();
  }

  MemoryProvider& provider_;
  void* data_ = nullptr;
  size_t bytes_ = 0, wanted_ = 0;
  Answer answer_ = Answer::kNotAsked;
};

Block* CachingAllocator::allocate_slowly(Arena& arena, size_t size, size_t bytes) {
  Fetched fetched(*provider_);
  bool reclaimed = false;
  for (;;) {
    {
      const Growth growth(*this);
      if (Block* const block = try_all(arena, size, bytes, &reclaimed, fetched)) return block;
    }
    if (calls_nobody) throw WouldCall{*this, bytes, arena.stream()};
    if (fetched.wanted()) {
      fetched.ask();
      continue;
    }
    if (!call_pressure(bytes)) fail_out_of_memory(bytes);
    reclaimed = false;
  }
}

// Null: the program is to be asked for what `fetched` wants, or there is no more.
Block* CachingAllocator::try_all(Arena& arena, size_t size, size_t bytes, bool* reclaimed,
                                 Fetched& fetched) {
  for (;;) {
    const Attempt attempt = try_to_grow(arena, size, bytes, *reclaimed, fetched);
    if (attempt.block) return attempt.block;
    if (fetched.wanted()) return nullptr;
    if (attempt.missing > 0) {
      const size_t got = reclaim(attempt.missing, &arena, attempt.keep);
      if (got > 0 || !*reclaimed) {
        *reclaimed = true;
        continue;
      }
    }
    if (!wait_for_device()) return nullptr;
    *reclaimed = false;
  }
}

CachingAllocator::Attempt CachingAllocator::try_to_grow(Arena& arena, size_t size, size_t bytes,
                                                        bool reclaimed, Fetched& fetched) {
  std::lock_guard lock(arena.mutex);
  arena.poll_waiting();
  Block* block = arena.free.find(size);
  if (block && wants_cut(arena, block, size)) {
    cut(arena, block, size);
    block = arena.free.find(size);
  }
  Attempt attempt;
  if (!block) {
    attempt = properties_.virtual_memory ? grow_virtual(arena, size, reclaimed)
                                         : grow_plain(arena, size, reclaimed, fetched);
    block = attempt.block;
  }
  if (block) attempt.block = take(arena, block, size, bytes);
  return attempt;
}

Outlook CachingAllocator::outlook(size_t size) {
  const size_t demand = std::max(allocated_.peak(), allocated_.now() + size);
  Outlook outlook{std::min(capacity(), refused_at_), reserved_.now(), demand, properties_.slack};
  tight_.store(mood(outlook) == Mood::kTight, std::memory_order_relaxed);
  outlook.capacity = capacity();
  return outlook;
}

// The others have given memory back, or may have.
void CachingAllocator::forget_refusal() {
  if (std::exchange(refused_at_, SIZE_MAX) != SIZE_MAX) outlook(0);
}

CachingAllocator::Attempt CachingAllocator::grow_virtual(Arena& arena, size_t size,
                                                         bool reclaimed) {
  Place place = arena.best_place(size);
  if (!place.first) {
    if (!reserve_addresses(arena, size)) return {};
    place = arena.best_place(size);
  }
  const Span keep = {place.start, place.start + size};
  const Outlook view = outlook(size);
  const size_t limit = reserve_limit(view), wanted = view.reserved + place.missing;
  if (wanted > limit && !reclaimed) return {nullptr, wanted - limit, keep};
  if (wanted > view.capacity) return {};
  Counted counted(*this);
  const bool mapped = arena.map(place, size, usual_piece(view, properties_.granularity),
                                smallest_growth(view, properties_.granularity),
                                limit > wanted ? limit - wanted : 0, &counted.change);
  const size_t reserved = view.reserved + counted.change.added;
  if (mapped) {
    if (reserved > refused_at_) forget_refusal();
    return {arena.block_at(place)};
  }
  refused_at_ = reserved;  // the device has less than it says, since others use it too
  return {nullptr, place.missing, keep};
}

// Far more than the device has, so that it lasts; less where the process has not so many addresses.
bool CachingAllocator::reserve_addresses(Arena& arena, size_t size) {
  size_t range = std::clamp(2 * std::min(total_, kMostRange / 2), kLeastRange, kMostRange);
  const size_t least = round_up(size, properties_.granularity);
  for (; range > least; range /= 16) {
    if (arena.reserve(round_up(range, properties_.granularity))) return true;
  }
  return arena.reserve(least);
}

CachingAllocator::Attempt CachingAllocator::grow_plain(Arena& arena, size_t size, bool reclaimed,
                                                       Fetched& fetched) {
  const Outlook view = outlook(size);
  size_t segment = segment_size(view, size, properties_.granularity);
  if (view.reserved + segment > view.capacity) segment = round_up(size, properties_.granularity);
  const size_t limit = reserve_limit(view), wanted = view.reserved + segment;
  if (wanted > limit && !reclaimed) return {nullptr, wanted - limit, {}};
  if (wanted > view.capacity) return {};
  Counted counted(*this);
  bool added;
  if (provider_->calls_program()) {
    const Fetched::Answer answer = fetched.answer(segment);
    if (answer == Fetched::Answer::kNotAsked) {
      fetched.want(segment);
      return {};
    }
    added = answer == Fetched::Answer::kThere;
    if (added) arena.adopt_segment(fetched.data(), segment, &counted.change);
    fetched.forget();
  } else {
    added = arena.add_segment(segment, &counted.change);
  }
  if (added) return {arena.free.find(size)};
  return {nullptr, segment, {}};
}

// Should the piece in which a block of `size` bytes would end be cut in two first?
bool CachingAllocator::wants_cut(const Arena& arena, const Block* block, size_t size) const {
  if (!tight_.load(std::memory_order_relaxed) || !properties_.virtual_memory) return false;
  Span piece;
  uintptr_t where;
  return block->size > size && arena.find_cut(block, size, &piece, &where);
}

void CachingAllocator::cut(Arena& arena, Block* block, size_t size) {
  Span piece;
  uintptr_t where;
  if (!arena.find_cut(block, size, &piece, &where)) return;
  Counted counted(*this);
  arena.cut(block, piece, where, &counted.change);
}

// Gives back pieces that nobody uses and that the device has come past, of any stream; of `own`
// only those outside `keep`. Returns how many bytes. The driver may take its time: meanwhile
// everybody can allocate and free what needs no growth.
size_t CachingAllocator::reclaim(size_t bytes, const Arena* own, Span keep) {
  Counted counted(*this);  // counts at the end: what is not yet given back is still reserved
  Returning returning(*this);
  collect(bytes, own, keep, &counted.change, &returning.pieces);
  return counted.change.removed;
}

void CachingAllocator::collect(size_t bytes, const Arena* own, Span keep, Change* change,
                               std::vector<Returned>* returned) {
  std::vector<std::unique_lock<ForkSafeMutex>> locks;
  std::vector<Victim> victims;
  for_each_arena([&](Arena& arena) {
    locks.emplace_back(arena.mutex);
    arena.order.mark();
    arena.order.poll();
    arena.poll_waiting();
    arena.free.for_each(properties_.granularity, [&](Block* block) {
      const size_t bytes_past = arena.past_bytes(block, &arena == own ? keep : Span{});
      if (bytes_past > 0) victims.push_back({&arena, block, bytes_past});
    });
  });
  sort_by_fit(victims, bytes);
  for (const Victim& victim : victims) {
    if (change->removed >= bytes) break;
    const Span kept = victim.arena == own ? keep : Span{};
    victim.arena->release(
        victim.block,
        choose_pieces(victim.arena->past_pieces(victim.block, kept), bytes - change->removed),
        change, returned);
  }
}

// Waits for all that has been freed so far. False: there was nothing to wait for.
bool CachingAllocator::wait_for_device() {
  bool waited = false;
  for_each_arena([&](Arena& arena) {
    std::lock_guard lock(arena.mutex);
    waited |= arena.wait_for_waiting();
    waited |= arena.order.wait();
  });
  if (waited) waits_.fetch_add(1, std::memory_order_relaxed);
  return waited;
}

void CachingAllocator::empty_cache() {
  const Growth growth(*this);
  wait_for_device();
  reclaim(SIZE_MAX, nullptr, {});
  forget_refusal();
}

void CachingAllocator::trim(size_t bytes) {
  const Growth growth(*this);
  const size_t reserved = reserved_.now();
  if (reserved > bytes) reclaim(reserved - bytes, nullptr, {});
}

}  // namespace libtensor::memory
