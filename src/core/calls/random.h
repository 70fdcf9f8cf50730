// Random numbers.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/generator.h"

namespace libtensor {

enum class Distribution : uint8_t { kUniform, kNormal };

// Fills `numel` elements that lie without gaps from a generator of the device: uniform in [0, 1),
// or normal (0, 1).
struct RandomCall {
  static constexpr const char* kName = "random";

  Distribution distribution;
  DType dtype;
  int64_t numel = 0;
  void* out = nullptr;
  bool row_major = true;  // else numbers are drawn one by one, as PyTorch does for such tensors
  Generator* generator = nullptr;
};

}  // namespace libtensor
