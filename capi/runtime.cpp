#include "tensor/runtime.h"

#include "core/backend.h"
#include "core/plugin.h"
#include "cpu/threads.h"
#include "firewall.h"

using namespace libtensor;
using namespace libtensor::capi;

tensor_status_t tensor_manual_seed(uint64_t seed) {
  return guard([&] {
    for (DeviceType type : {DeviceType::kCpu, DeviceType::kCuda}) {
      for (int i = 0; i < device_count(type); ++i) {
        backend_for({type, static_cast<int16_t>(i)}).manual_seed(seed);
      }
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

bool tensor_cuda_is_available(void) { return cuda_is_available(); }

const char* tensor_cuda_unavailable_reason(void) { return cuda_unavailable_reason(); }

tensor_status_t tensor_backend_load(const char* path) {
  return guard([&] {
    check(path != nullptr, "path must not be NULL");
    load_backend(path);
  });
}
