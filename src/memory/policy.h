// The numbers of the allocator's policy: when memory is taken from the device rather than taken
// back from where it lies unused, and in which pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace libtensor::memory {

// The device as a whole, when memory is short.
struct Outlook {
  size_t capacity = SIZE_MAX;  // bytes that may be reserved; SIZE_MAX: not known
  size_t reserved = 0;
  size_t demand = 0;    // the most bytes that were asked for at one time
  double slack = 0.03;  // ProviderProperties::slack
};

// Three moods, by how much of the device the program has needed so far. All figures were chosen on
// recorded traces of models; docs/allocator.md has the measurements.
//
// - Roomy, up to a quarter of the device: others may want the rest, so what lies unused is taken
// back
//   before reserved memory exceeds the demand by more than 3 % (the provider's slack).
// - Ordinary: the device is this program's, and may fill up before anything is taken back.
// - Tight, when demand has come within 4.5 % of the capacity: every byte counts, so pieces are
//   small, and are cut where blocks end. That costs device calls.
enum class Mood { kRoomy, kOrdinary, kTight };

inline Mood mood(const Outlook& outlook) {
  const double demand = static_cast<double>(outlook.demand);
  const double capacity = static_cast<double>(outlook.capacity);
  if (outlook.capacity == SIZE_MAX || demand * (1 + outlook.slack) < capacity / 4) {
    return Mood::kRoomy;
  }
  return demand * 1.045 > capacity ? Mood::kTight : Mood::kOrdinary;
}

// Beyond this, unused memory is taken back before more is reserved.
inline size_t reserve_limit(const Outlook& outlook) {
  if (mood(outlook) != Mood::kRoomy) return outlook.capacity;
  const double limit = static_cast<double>(outlook.demand) * (1 + outlook.slack);
  return std::min(outlook.capacity, static_cast<size_t>(limit));
}

// Large pieces need fewer calls; a piece can only be taken back when no block uses any of it. So
// they are a small part of the whole, within bounds.
inline size_t usual_piece(const Outlook& outlook, size_t granularity) {
  constexpr size_t kMiB = size_t{1} << 20;
  size_t bytes = outlook.capacity / 8192;  // cut where need be
  switch (mood(outlook)) {
    case Mood::kRoomy:
      bytes = std::min(outlook.capacity / 128,
                       std::clamp(outlook.reserved / 256, 64 * kMiB, 128 * kMiB));
      break;
    case Mood::kOrdinary:
      bytes = std::min(outlook.capacity / 64,
                       std::clamp(outlook.capacity / 512, 24 * kMiB, 128 * kMiB));
      break;
    case Mood::kTight:
      break;
  }
  return std::max(granularity, bytes / granularity * granularity);
}

// The size of the pieces for `bytes` of new memory: equal ones, since a large and a small piece
// cost as many calls and waste more when the large one is half in use.
inline size_t equal_pieces(size_t bytes, size_t usual, size_t granularity) {
  const size_t count = std::max<size_t>(1, (bytes + usual * 3 / 4) / usual);
  return ((bytes + count - 1) / count + granularity - 1) / granularity * granularity;
}

// What is mapped at once, however little is needed: small blocks share pieces.
inline size_t smallest_growth(const Outlook& outlook, size_t granularity) {
  const size_t growth = std::min(outlook.reserved / 256, size_t{32} << 20);
  return growth / granularity * granularity;
}

// Where no more memory has to be mapped for it, a large block begins with a page, and so with a
// piece of its own. Otherwise small blocks before it shift it, it shares its first and its last
// piece with others, and when they are freed, neither can be taken back. Small ones fill up what
// pages have left.
inline bool begins_with_a_page(size_t size, size_t granularity) { return size >= 8 * granularity; }

// Without virtual memory: the size of a plain allocation that is to hold a block of `size` bytes.
// Small ones share segments, which grow with the whole; large ones have their own.
inline size_t segment_size(const Outlook& outlook, size_t size, size_t granularity) {
  const size_t shared = std::clamp(outlook.reserved / 16, granularity, size_t{32} << 20);
  const size_t wanted = std::max(size, size < shared / 2 ? shared : size);
  return (wanted + granularity - 1) / granularity * granularity;
}

}  // namespace libtensor::memory
