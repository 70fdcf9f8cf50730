#include "tensor/runtime.h"

#include "core/backend.h"
#include "cpu/threads.h"
#include "firewall.h"

using namespace libtensor;
using namespace libtensor::capi;

tensor_status_t tensor_manual_seed(uint64_t seed) {
  return guard([&] {
    for (DeviceType type : {DeviceType::kCpu, DeviceType::kCuda}) {
      if (has_backend(type)) backend_for({type, 0}).manual_seed(seed);
    }
  });
}

tensor_status_t tensor_initial_seed(uint64_t* out) {
  return guard([&] {
    check(out != nullptr, "out must not be NULL");
    *out = backend_for(Device{}).initial_seed();
  });
}

tensor_status_t tensor_set_num_threads(int32_t n) {
  return guard([&] {
    check(n > 0, "set_num_threads expects a positive integer");
    cpu::set_num_threads(n);
  });
}

int32_t tensor_get_num_threads(void) { return cpu::num_threads(); }

bool tensor_cuda_is_available(void) { return has_backend(DeviceType::kCuda); }

const char* tensor_cuda_unavailable_reason(void) {
  return tensor_cuda_is_available() ? "" : "libtensor was built without CUDA support";
}
