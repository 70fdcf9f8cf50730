// Where the fuzzer's decisions come from: a seed, or the bytes that libFuzzer gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace test {

class Choices {
 public:
  virtual ~Choices() = default;
  // A number below `count`, which is not 0; 0 stands for the plainest choice.
  virtual uint64_t below(uint64_t count) = 0;
  virtual uint64_t bits() = 0;  // 64 of them

  bool one_in(uint64_t count) { return below(count) == count - 1; }
  bool coin() { return below(2) == 1; }
  template <class T, size_t N>
  const T& of(const T (&values)[N]) {
    return values[below(N)];
  }
};

// Mixes numbers into a seed (the finaliser of SplitMix64).
inline uint64_t mixed(uint64_t a, uint64_t b = 0) {
  uint64_t x = a * 0x9e3779b97f4a7c15 + b + 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

class SeededChoices final : public Choices {
 public:
  explicit SeededChoices(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t count) override { return bits() % count; }
  uint64_t bits() override { return mixed(state_ += 0x9e3779b97f4a7c15); }

 private:
  uint64_t state_;
};

// Where the bytes end, every choice is the plainest.
class ByteChoices final : public Choices {
 public:
  ByteChoices(const uint8_t* data, size_t size) : next_(data), end_(data + size) {}
  uint64_t below(uint64_t count) override {
    uint64_t value = 0;
    for (uint64_t range = count - 1; range > 0; range >>= 8) value = value << 8 | byte();
    return value % count;
  }
  uint64_t bits() override {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }
  bool at_end() const { return next_ == end_; }

 private:
  uint8_t byte() { return next_ == end_ ? 0 : *next_++; }
  const uint8_t *next_, *end_;
};

}  // namespace test
