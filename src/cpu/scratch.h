// Working memory of a kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace libtensor::cpu {

// What fits lies on the stack, which may be small: the allocator costs more than a small product.
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const { return data_; }  // 64-byte aligned

 private:
  static constexpr size_t kOnStack = 4096;

  alignas(64) unsigned char on_stack_[kOnStack];  // not initialised
  void* data_;
  size_t bytes_;
};

inline constexpr int64_t ceil_to(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace libtensor::cpu
