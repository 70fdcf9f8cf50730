#include "cpu/scratch.h"

#include "memory/host_memory.h"

namespace libtensor::cpu {

// Not kept for the next call: what a thread held would count as the program's memory, and stay in
// a provider that it has replaced. The allocator keeps it, and gives it back when it is asked to.
Scratch::Scratch(size_t bytes)
    : data_(bytes <= kOnStack ? on_stack_ : host_allocate(bytes)), bytes_(bytes) {}

Scratch::~Scratch() {
  if (data_ != on_stack_) host_free(data_, bytes_);
}

}  // namespace libtensor::cpu
