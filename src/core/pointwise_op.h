// What a pointwise call runs: a functor, named by a number.
#pragma once

#include <cstdint>
#include <span>

namespace libtensor {

// A functor of core/functors: its family, and its place in it. The enumerators are constants in
// core/generated/functors, a header for each family, so that a new functor concerns its family's
// users alone.
enum class PointwiseOp : uint16_t {};

inline constexpr int kMaxFunctorFamilies = 32;
constexpr PointwiseOp pointwise_op(int family, int place) {
  return static_cast<PointwiseOp>(family << 8 | place);
}
constexpr int family_of(PointwiseOp op) { return static_cast<int>(op) >> 8; }
constexpr int place_of(PointwiseOp op) { return static_cast<int>(op) & 0xff; }

// What a device knows of each functor. A family brings the memory of its entries.
template <class Entry>
class FunctorTable {
 public:
  // `names` are for messages; both live as long as the process.
  void add(int family, std::span<Entry> entries, const char* const* names) {
    for (size_t i = 0; i < entries.size(); ++i) entries[i].name = names[i];
    families_[family] = entries;
  }
  const Entry& operator[](PointwiseOp op) const { return families_[family_of(op)][place_of(op)]; }
  // Calls f(op, entry) for each functor.
  template <class F>
  void for_each(F f) const {
    for (int family = 0; family < kMaxFunctorFamilies; ++family) {
      const std::span<Entry> entries = families_[family];
      for (size_t i = 0; i < entries.size(); ++i) {
        f(pointwise_op(family, static_cast<int>(i)), entries[i]);
      }
    }
  }

 private:
  std::span<Entry> families_[kMaxFunctorFamilies];
};

}  // namespace libtensor
