// The printed form of a tensor, equal to PyTorch's to the character.
#pragma once

#include <string>

#include "core/tensor.h"

namespace libtensor {

// What Python's str(tensor) gives in PyTorch, with its default print options. Reads the elements
// where they are; a tensor on another device than the CPU is first copied.
std::string to_string(const Tensor& tensor);

}  // namespace libtensor
