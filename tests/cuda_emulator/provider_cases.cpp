// The allocator's contract over CUDA's plain memory, on the emulated device. Over virtual memory
// the allocator reserves a tebibyte of addresses for each stream, for which the emulator's shadow
// has no room: that provider is tested by itself.
#include "memory/provider_cases.h"

#include "cuda/providers.h"
#include "emulator.h"

namespace test {

using libtensor::cuda::PlainProvider;

std::vector<ProviderCase> provider_cases() {
  return {
      {"CudaPlain",
       [](size_t capacity) {
         cuda_emulator_set_capacity(capacity);
         return std::make_unique<PlainProvider>(0);
       },
       false, true, 1},
  };
}

}  // namespace test
