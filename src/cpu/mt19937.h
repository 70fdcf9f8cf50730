// The Mersenne Twister MT19937 of 32-bit words.
// Source: M. Matsumoto, T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
// uniform pseudo-random number generator", ACM TOMACS 8(1), 1998.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace libtensor::cpu {

class Mt19937 {
 public:
  static constexpr int kWords = 624;

  // All there is to save: the words of the current round, and how many of them are used up.
  struct State {
    std::array<uint32_t, kWords> words;
    int used;
  };

  // The seed's lower 32 bits count, as in PyTorch.
  explicit Mt19937(uint64_t seed) {
    auto& words = state_.words;
    words[0] = static_cast<uint32_t>(seed);
    for (uint32_t i = 1; i < kWords; ++i) {
      words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
    }
    state_.used = kWords;
  }
  explicit Mt19937(const State& state) : state_(state) {}
  const State& state() const { return state_; }

  uint32_t next() {
    if (state_.used == kWords) twist();
    return temper(state_.words[state_.used++]);
  }
  uint64_t next64() {
    const uint32_t first = next();
    return join(first, next());
  }
  // The word drawn first is the upper half.
  static uint64_t join(uint32_t first, uint32_t second) {
    return static_cast<uint64_t>(first) << 32 | second;
  }
  // The same as `count` calls of next().
  void fill(uint32_t* out, int64_t count) {
    while (count > 0) {
      if (state_.used == kWords) twist();
      const int run = static_cast<int>(std::min<int64_t>(count, kWords - state_.used));
      const uint32_t* words = state_.words.data() + state_.used;
      for (int i = 0; i < run; ++i) out[i] = temper(words[i]);
      state_.used += run;
      out += run;
      count -= run;
    }
  }

 private:
  static constexpr int kShift = 397;

  static uint32_t temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
  static uint32_t mix(uint32_t upper, uint32_t lower) {
    const uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return (y >> 1) ^ (-(lower & 1u) & 0x9908b0dfu);
  }
  // Makes the next round of words. Two loops without a wrapped index, so that they vectorise.
  void twist() {
    uint32_t* w = state_.words.data();
    for (int i = 0; i < kWords - kShift; ++i) w[i] = w[i + kShift] ^ mix(w[i], w[i + 1]);
    for (int i = kWords - kShift; i < kWords - 1; ++i) {
      w[i] = w[i + kShift - kWords] ^ mix(w[i], w[i + 1]);
    }
    w[kWords - 1] = w[kShift - 1] ^ mix(w[kWords - 1], w[0]);
    state_.used = 0;
  }

  State state_;
};

}  // namespace libtensor::cpu
