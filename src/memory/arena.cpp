#include "memory/arena.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "memory/policy.h"

namespace libtensor::memory {
namespace {

uintptr_t round_down(uintptr_t value, size_t unit) { return value & ~(uintptr_t{unit} - 1); }
uintptr_t round_up(uintptr_t value, size_t unit) { return round_down(value + unit - 1, unit); }
void* pointer(uintptr_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

Arena::Arena(MemoryProvider& provider, Stream stream, SharedLevel& device_active)
    : order(provider, stream, provider.properties().streams),
      provider_(provider),
      device_active_(device_active),
      properties_(provider.properties()) {}

Arena::~Arena() {
  Change change;
  for (auto& [start, range] : ranges_) {
    if (!properties_.virtual_memory) unmap_piece({start, start + range.size}, &change);
    for (uintptr_t piece; range.pieces.find_any(&piece);) {
      unmap_piece(range.pieces.at(piece), &change);
    }
    for (Block* block = range.first; block;) {
      if (block->state == Block::State::kUsed) drop_uses(block);
      delete std::exchange(block, block->next);
    }
    if (properties_.virtual_memory) provider_.unreserve(pointer(start), range.size);
  }
}

// Blocks.

void Arena::insert(Block* block) noexcept {
  if (block->is_free()) return free.insert(block);
  block->left = nullptr;
  block->right = unmapped_;
  if (unmapped_) unmapped_->left = block;
  unmapped_ = block;
}

void Arena::erase(Block* block) noexcept {
  if (block->is_free()) return free.erase(block);
  if (block->left) {
    block->left->right = block->right;
  } else {
    unmapped_ = block->right;
  }
  if (block->right) block->right->left = block->left;
}

// Cuts off what follows the first `size` bytes. Neither half is in a list.
Block* Arena::split(Block* block, size_t size, std::unique_ptr<Block> spare) noexcept {
  Block* const rest = spare.release();
  rest->address = block->address + size;
  rest->size = block->size - size;
  rest->state = block->state;
  rest->arena = this;
  rest->epoch = block->epoch;
  rest->previous = block;
  rest->next = block->next;
  if (rest->next) rest->next->previous = rest;
  block->next = rest;
  block->size = size;
  return rest;
}

void Arena::absorb_next(Block* block) noexcept {
  Block* const gone = block->next;
  block->size += gone->size;
  block->epoch = std::max(block->epoch, gone->epoch);
  block->next = gone->next;
  if (block->next) block->next->previous = block;
  delete gone;
}

// Puts an open block into its list, as one with its neighbours of the same state.
Block* Arena::merge(Block* block) noexcept {
  if (Block* next = block->next; next && next->state == block->state) {
    erase(next);
    absorb_next(block);
  }
  if (Block* previous = block->previous; previous && previous->state == block->state) {
    erase(previous);
    absorb_next(previous);
    block = previous;
  }
  insert(block);
  return block;
}

// Takes an open block out of its list and cuts it down to `span`; what is cut off goes into the
// list.
Block* Arena::isolate(Block* block, Span span) {
  erase(block);
  Block* inner = block;
  try {
    if (block->address < span.begin) {
      inner = split(block, span.begin - block->address, std::make_unique<Block>());
    }
    if (inner->end() > span.end) {
      insert(split(inner, span.size(), std::make_unique<Block>()));
    }
  } catch (...) {
    insert(block);
    if (inner != block) merge(inner);
    throw;
  }
  if (inner != block) insert(block);
  return inner;
}

void Arena::take(Block* block, size_t size) {
  Block* const rest = block->size > size ? new Block : nullptr;
  erase(block);
  if (rest) {
    rest->address = block->address + size;
    rest->size = block->size - size;
    rest->state = Block::State::kFree;
    rest->arena = this;
    rest->epoch = block->epoch;
    rest->previous = block;
    rest->next = block->next;
    if (rest->next) rest->next->previous = rest;
    block->next = rest;
    block->size = size;
    insert(rest);
  }
  block->state = Block::State::kUsed;
  block->uses = nullptr;
}

// Notes in the pieces when this part of them was freed: the block's own epoch is lost when it
// becomes one with a neighbour.
void Arena::stamp(const Block* block) noexcept {
  if (!properties_.streams || !properties_.virtual_memory) return;
  range_of(block->address).pieces.stamp({block->address, block->end()}, block->epoch);
}

void Arena::give_back(Block* block) noexcept {
  block->state = Block::State::kFree;
  block->epoch = order.stamp();
  stamp(block);
  merge(block);
}

// Blocks that other streams use.

void Arena::put_off(Block* block) noexcept {
  block->state = Block::State::kWaiting;
  block->epoch = order.stamp();
  block->left = nullptr;
  if (waiting_last_) {
    waiting_last_->left = block;
  } else {
    waiting_first_ = block;
  }
  waiting_last_ = block;
}

void Arena::free_waiting(Block* block) noexcept {
  waiting_first_ = block->left;
  if (!waiting_first_) waiting_last_ = nullptr;
  drop_uses(block);
  if (properties_.watches) [[unlikely]] {
    provider_.watch_freed(pointer(block->address), block->requested, stream());
  }
  device_active_.subtract(block->size);
  statistics.active.subtract(block->size);
  block->state = Block::State::kFree;
  stamp(block);
  merge(block);
}

void Arena::drop_uses(Block* block) noexcept {
  while (OtherUse* use = block->uses) {
    if (use->event) provider_.release(use->event);
    block->uses = use->next;
    delete use;
  }
}

// The point after which the other stream no longer uses the block. Where it could not be marked
// when the block was freed, a later one serves.
bool Arena::is_marked(OtherUse* use) noexcept {
  if (!use->event) use->event = provider_.record(use->stream);
  return use->event != 0;
}

void Arena::poll_waiting() noexcept {
  while (Block* block = waiting_first_) {
    for (OtherUse* use = block->uses; use; use = use->next) {
      if (!is_marked(use) || !provider_.passed(use->event)) return;
    }
    free_waiting(block);
  }
}

bool Arena::wait_for_waiting() noexcept {
  poll_waiting();
  bool waited = false;
  while (Block* block = waiting_first_) {
    for (OtherUse* use = block->uses; use; use = use->next) {
      if (!is_marked(use) || !provider_.wait(use->event)) return waited;
    }
    free_waiting(block);
    waited = true;
  }
  return waited;
}

// Places.

size_t Arena::bytes_to_map(const Block* first, Span span) const {
  size_t bytes = 0;
  for (const Block* block = first; block && block->address < span.end; block = block->next) {
    if (!block->is_unmapped() || block->end() <= span.begin) continue;
    bytes += round_up(std::min(span.end, block->end()), properties_.granularity) -
             round_down(std::max(span.begin, block->address), properties_.granularity);
  }
  return bytes;
}

Place Arena::best_place(size_t size) const {
  Place best;
  for (Block* unmapped = unmapped_; unmapped; unmapped = unmapped->right) {
    Block* first = unmapped;
    bool leftmost = true;  // each gap is looked at once, from its first unmapped block
    while (first->previous && first->previous->is_open()) {
      first = first->previous;
      leftmost = leftmost && !first->is_unmapped();
    }
    if (!leftmost) continue;
    const Block* last = unmapped;
    while (last->next && last->next->is_open()) last = last->next;
    const size_t gap = last->end() - first->address;
    if (gap < size) continue;

    const auto consider = [&](uintptr_t start) {
      if (start < first->address || start + size > last->end()) return;
      const size_t missing = bytes_to_map(first, {start, start + size});
      if (missing < best.missing || (missing == best.missing && gap < best.gap)) {
        best = {start, missing, gap, first};
      }
    };
    for (const Block* block = first;; block = block->next) {
      if (begins_with_a_page(size, properties_.granularity)) {
        consider(round_up(block->address, properties_.granularity));
      }
      consider(block->address);
      // To end where memory ends, or where the gap does: but not at the far end of the range.
      if (block->end() - first->address >= size && (block->is_free() || last->next)) {
        consider(block->end() - size);
      }
      if (block == last) break;
    }
  }
  return best;
}

// There is room in the table of pieces.
bool Arena::map_piece(Span piece, PieceTable& pieces, Change* change) {
  Physical memory = 0;
  if (!provider_.create(piece.size(), &memory)) return false;
  bool mapped = false;
  try {
    mapped = provider_.map(pointer(piece.begin), piece.size(), memory);
  } catch (...) {
    provider_.destroy(memory, piece.size());
    throw;
  }
  if (!mapped) {
    provider_.destroy(memory, piece.size());
    return false;
  }
  pieces.add(piece, memory);
  ++change->calls;
  change->added += piece.size();
  statistics.reserved.add(piece.size());
  return true;
}

// A piece of `first` bytes and others of `others`, up to the span's end.
bool Arena::map_pieces(Span span, size_t first, size_t others, Change* change, uintptr_t* reached) {
  PieceTable& pieces = range_of(span.begin).pieces;
  for (size_t bytes = first; *reached < span.end; bytes = others) {
    const Span piece = {*reached, *reached + std::min<size_t>(bytes, span.end - *reached)};
    if (!map_piece(piece, pieces, change)) return false;
    *reached = piece.end;
  }
  return true;
}

// What cannot be opened goes back.
void Arena::open_pieces(Span span, Change* change, uintptr_t* reached) {
  if (*reached == span.begin) return;
  const Span mapped = {span.begin, *reached};
  const auto take_back = [&] {
    const PieceTable& pieces = range_of(span.begin).pieces;
    while (*reached > span.begin) {
      const Span piece = pieces.at(*reached - 1);
      unmap_piece(piece, change);
      *reached = piece.begin;
    }
  };
  try {
    if (!provider_.open(pointer(mapped.begin), mapped.size())) take_back();
  } catch (...) {
    take_back();
    throw;
  }
}

// Gives the block, which is in no list and without memory, memory as far as there is some, in
// pieces of these sizes; that part becomes a free block, which is returned, or the block itself
// where there was none.
Block* Arena::fill(Block* block, size_t first, size_t others, Change* change, bool* all) {
  const Span span = {block->address, block->end()};
  uintptr_t reached = span.begin;
  std::unique_ptr<Block> spare;
  std::exception_ptr broken;
  const auto guarded = [&](const auto& step) {
    try {
      step();
    } catch (...) {
      if (!broken) broken = std::current_exception();
    }
  };
  guarded([&] {
    spare = std::make_unique<Block>();  // while nothing has changed
    map_pieces(span, first, others, change, &reached);
  });
  guarded([&] { open_pieces(span, change, &reached); });
  *all = reached == span.end && !broken;
  if (reached > span.begin) {
    Block* const rest =
        reached < span.end ? split(block, reached - span.begin, std::move(spare)) : nullptr;
    block->state = Block::State::kFree;  // before the rest looks for neighbours of its kind
    block->epoch = 0;
    if (rest) merge(rest);
  }
  block = merge(block);
  if (broken) std::rethrow_exception(broken);
  return block;
}

bool Arena::map(const Place& place, size_t size, size_t usual, size_t at_least, size_t room,
                Change* change) {
  const uintptr_t end = place.start + size;
  for (Block* block = place.first; block && block->address < end; block = block->next) {
    if (!block->is_unmapped() || block->end() <= place.start) continue;
    Span span = {round_down(std::max(place.start, block->address), properties_.granularity),
                 round_up(std::min(end, block->end()), properties_.granularity)};
    const uintptr_t further = std::min(block->end(), span.begin + at_least);
    if (further > span.end && further - span.end <= room) span.end = further;

    range_of(span.begin).pieces.make_room(span.end);
    bool all = false;
    const size_t piece = equal_pieces(span.size(), usual, properties_.granularity);
    block = fill(isolate(block, span), piece, piece, change, &all);
    if (!all) return false;
  }
  return true;
}

Block* Arena::block_at(const Place& place) {
  Block* block = place.first;
  while (block->end() <= place.start) block = block->next;
  if (block->address == place.start) return block;
  block = isolate(block, {place.start, block->end()});
  insert(block);
  return block;
}

void Arena::add_range(void* start, size_t bytes, std::unique_ptr<Block> block) {
  block->address = reinterpret_cast<uintptr_t>(start);
  block->size = bytes;
  block->arena = this;
  ranges_.insert(
      {block->address, {bytes, block.get(), PieceTable(block->address, properties_.granularity)}});
  insert(block.release());
}

bool Arena::reserve(size_t bytes) {
  auto block = std::make_unique<Block>();
  void* const start = provider_.reserve(bytes);
  if (!start) return false;
  try {
    add_range(start, bytes, std::move(block));
  } catch (...) {
    provider_.unreserve(start, bytes);
    throw;
  }
  return true;
}

bool Arena::add_segment(size_t bytes, Change* change) {
  void* const start = provider_.allocate(bytes);
  if (!start) return false;
  try {
    adopt_segment(start, bytes, change);
  } catch (...) {
    provider_.free(start, bytes);
    throw;
  }
  return true;
}

void Arena::adopt_segment(void* start, size_t bytes, Change* change) {
  auto block = std::make_unique<Block>();
  block->state = Block::State::kFree;
  add_range(start, bytes, std::move(block));
  ++change->calls;
  change->added += bytes;
  statistics.reserved.add(bytes);
}

// Giving memory back.

// From the begin of the first to the end of the last piece that lies wholly in a free block.
Span Arena::whole_part(const Block* block) const {
  if (block->size < properties_.granularity) return {};
  const Range& range = range_of(block->address);
  const Span all = {block->address, block->end()};
  if (properties_.virtual_memory) return range.pieces.whole_in(all);
  return block->size == range.size ? all : Span{};
}

std::vector<Span> Arena::past_pieces(const Block* block, Span keep) const {
  std::vector<Span> found;
  const Span all = whole_part(block);
  if (!properties_.virtual_memory) {
    if (all.size() > 0 && order.passed(block->epoch)) found.push_back(all);
    return found;
  }
  const PieceTable& pieces = range_of(block->address).pieces;
  for (Span piece{all.begin, all.begin}; piece.end < all.end;) {
    piece = pieces.at(piece.end);
    const bool kept = piece.begin < keep.end && keep.begin < piece.end;
    if (!kept && order.passed(pieces.epoch(piece.begin))) found.push_back(piece);
  }
  return found;
}

size_t Arena::past_bytes(const Block* block, Span keep) const {
  const bool apart = block->address >= keep.end || keep.begin >= block->end();
  if (apart && order.passed(block->epoch)) return whole_part(block).size();
  size_t bytes = 0;
  for (const Span& piece : past_pieces(block, keep)) bytes += piece.size();
  return bytes;
}

void give_to(MemoryProvider& provider, bool virtual_memory, const Returned& piece) noexcept {
  if (!virtual_memory) return provider.free(pointer(piece.span.begin), piece.span.size());
  provider.unmap(pointer(piece.span.begin), piece.span.size());
  provider.destroy(piece.memory, piece.span.size());
}

Returned Arena::detach(Span piece, Change* change) noexcept {
  const Physical memory =
      properties_.virtual_memory ? range_of(piece.begin).pieces.remove(piece.begin) : 0;
  ++change->calls;
  change->removed += piece.size();
  statistics.reserved.subtract(piece.size());
  return {piece, memory};
}

void Arena::unmap_piece(Span piece, Change* change) noexcept {
  give_to(provider_, properties_.virtual_memory, detach(piece, change));
}

void Arena::release(Block* block, const std::vector<Span>& pieces, Change* change,
                    std::vector<Returned>* returned) {
  returned->reserve(returned->size() + pieces.size());  // while nothing has changed
  if (!properties_.virtual_memory) {                    // the block is the whole segment
    erase(block);
    returned->push_back(detach({block->address, block->end()}, change));
    ranges_.erase(block->address);
    delete block;
    return;
  }
  for (size_t i = 0; i < pieces.size();) {
    Span span = pieces[i];
    size_t last = i;
    while (last + 1 < pieces.size() && pieces[last + 1].begin == span.end) {
      span.end = pieces[++last].end;
    }
    while (block->end() <= span.begin) block = block->next;  // the rest of the block, after a hole
    block = isolate(block, span);
    for (; i <= last; ++i) returned->push_back(detach(pieces[i], change));
    block->state = Block::State::kUnmapped;
    block->epoch = 0;
    block = merge(block);
  }
}

bool Arena::find_cut(const Block* block, size_t size, Span* piece, uintptr_t* where) const {
  const uintptr_t end = block->address + size;
  const PieceTable& pieces = range_of(block->address).pieces;
  *piece = pieces.at(end - 1);
  *where = round_up(end, properties_.granularity);
  return piece->begin >= block->address && piece->end <= block->end() && piece->end > *where &&
         order.passed(pieces.epoch(piece->begin));
}

bool Arena::cut(Block* block, Span piece, uintptr_t where, Change* change) {
  block = isolate(block, piece);
  unmap_piece(piece, change);
  block->state = Block::State::kUnmapped;
  bool all = false;
  fill(block, where - piece.begin, SIZE_MAX, change, &all);
  return all;
}

}  // namespace libtensor::memory
