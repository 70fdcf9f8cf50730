// A source of random numbers: a device has one of its own, of a kind that its kernels know.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace libtensor {

// May be used from any thread; each call, and each kernel that draws, is one step that no other
// thread comes between.
class Generator {
 public:
  virtual ~Generator() = default;

  // The same seed gives the same numbers for the same sequence of calls.
  virtual void manual_seed(uint64_t seed) = 0;
  // That of the last manual_seed, or the one that it began with.
  virtual uint64_t initial_seed() = 0;
  // All there is to it, as bytes. To set them makes it go on from there.
  virtual std::vector<unsigned char> state() = 0;
  virtual void set_state(std::span<const unsigned char> state) = 0;
};

}  // namespace libtensor
