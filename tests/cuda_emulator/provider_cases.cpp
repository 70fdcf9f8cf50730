// The allocator's contract over CUDA's memory, on the emulated device.
#include "memory/provider_cases.h"

#include "cuda/pinned_provider.h"
#include "cuda/providers.h"
#include "emulator.h"

namespace test {

using libtensor::cuda::PinnedProvider;
using libtensor::cuda::PlainProvider;
using libtensor::cuda::VirtualProvider;

std::vector<ProviderCase> provider_cases() {
  return {
      {"CudaPlain",
       [](size_t capacity) {
         cuda_emulator_set_capacity(capacity);
         return std::make_unique<PlainProvider>(0);
       },
       false, true, 1},
      {"CudaVirtual",
       [](size_t capacity) {
         cuda_emulator_set_capacity(capacity);
         return std::make_unique<VirtualProvider>(0, *libtensor::cuda::driver_functions());
       },
       false, true, 1},
      {"Pinned", [](size_t) { return std::make_unique<PinnedProvider>(); }, true, false, 1,
       libtensor::cuda::stream_of_device(0, nullptr)},
  };
}

}  // namespace test
