#include "tensor/runtime.h"

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "arguments.h"
#include "callback.h"
#include "core/device_runtime.h"
#include "core/plugin.h"
#include "core/warning.h"
#include "cpu/threads.h"
#include "firewall.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"

using namespace libtensor;
using namespace libtensor::capi;

namespace {

// Where warnings go. The operation that warns has arguments, which neither the callback nor, where
// that has put another one in its place, its destroy takes away.
class WarningCallback {
 public:
  using Function = tensor_status_t (*)(void* user, const char* message);

  WarningCallback(Function function, User owner) : function_(function), owner_(std::move(owner)) {}
  ~WarningCallback() {
    const ReleaseDelay delay;
    owner_.reset();
  }
  WarningCallback(const WarningCallback&) = delete;
  WarningCallback& operator=(const WarningCallback&) = delete;

  void operator()(const std::string& text) const {
    const ReleaseDelay delay;
    const CallbackFrame frame;
    frame.check(function_(owner_->get(), text.c_str()), "the warning callback");
  }

 private:
  const Function function_;
  std::optional<User> owner_;
};

}  // namespace

tensor_status_t tensor_manual_seed(uint64_t seed) {
  return guard([&] {
    // A device that is not in use yet takes the CPU's seed when it is.
    for (DeviceType type : {DeviceType::kCpu, DeviceType::kCuda}) {
      for (int i = 0; i < device_count(type); ++i) {
        DeviceRuntime* const runtime = opened_runtime({type, static_cast<int16_t>(i)});
        if (runtime) runtime->generator().manual_seed(seed);
      }
    }
  });
}

tensor_status_t tensor_initial_seed(uint64_t* out) {
  return guard([&] {
    check(out != nullptr, "out must not be NULL");
    *out = runtime_for(Device{}).generator().initial_seed();
  });
}

tensor_status_t tensor_get_rng_state(tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    const std::vector<unsigned char> state = runtime_for(Device{}).generator().state();
    const Tensor bytes =
        Tensor::empty(Dims{static_cast<int64_t>(state.size())}, DType::kUInt8, Device{});
    std::memcpy(bytes.data(), state.data(), state.size());
    *out = new_handle(bytes);
  });
}

tensor_status_t tensor_set_rng_state(const tensor_t* state) {
  return guard([&] {
    const Tensor& given = tensor_of(state, "state");
    check_as(Status::kTypeError, given.dtype() == DType::kUInt8 && given.device().is_cpu(),
             "RNG state must be a torch.ByteTensor");
    const Tensor bytes = ops::contiguous(given);
    runtime_for(Device{}).generator().set_state(
        {bytes.data_as<unsigned char>(), static_cast<size_t>(bytes.numel())});
  });
}

tensor_status_t tensor_set_num_threads(int32_t n) {
  return guard([&] {
    check(n > 0, "set_num_threads expects a positive integer");
    check(n <= cpu::most_threads(), "set_num_threads expects at most ", cpu::most_threads(),
          " threads on this machine, but got ", n);
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

tensor_status_t tensor_set_warning_callback(tensor_status_t (*function)(void* user,
                                                                        const char* message),
                                            void* user, void (*destroy)(void* user)) {
  return guard([&] {
    const User owner(user, destroy);
    if (!function) return set_warning_handler(nullptr);
    const auto callback = std::make_shared<const WarningCallback>(function, owner);
    set_warning_handler([callback](const std::string& text) { (*callback)(text); });
  });
}
