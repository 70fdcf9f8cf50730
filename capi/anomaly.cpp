#include "tensor/anomaly.h"

#include <memory>

#include "arguments.h"
#include "autograd/anomaly.h"
#include "firewall.h"
#include "node_handle.h"

using namespace libtensor;
using namespace libtensor::capi;

namespace {

// What the host's callback is, and the one call of destroy at its end.
class LocationCallback {
 public:
  LocationCallback(tensor_location_function_t function, void* user, void (*destroy)(void*))
      : function_(function), user_(user), destroy_(destroy) {}
  ~LocationCallback() {
    if (destroy_) destroy_(user_);
  }
  LocationCallback(const LocationCallback&) = delete;
  LocationCallback& operator=(const LocationCallback&) = delete;

  std::string operator()() const {
    std::string text(1024, '\0');
    for (;;) {
      size_t length = 0;
      if (function_(user_, text.data(), text.size(), &length) != TENSOR_OK) return "";
      const bool fits = length < text.size();
      text.resize(fits ? length : length + 1);
      if (fits) return text;
    }
  }

 private:
  tensor_location_function_t function_;
  void* user_;
  void (*destroy_)(void*);
};

}  // namespace

tensor_status_t tensor_set_detect_anomaly(bool enabled, bool check_nan) {
  return guard([&] { autograd::set_anomaly_mode({enabled, check_nan}); });
}

tensor_status_t tensor_detect_anomaly(bool* enabled, bool* check_nan) {
  return guard([&] {
    const autograd::AnomalyMode mode = autograd::anomaly_mode();
    if (enabled) *enabled = mode.enabled;
    if (check_nan) *check_nan = mode.check_nan;
  });
}

tensor_status_t tensor_set_location(const char* location) {
  return guard([&] { autograd::set_location(location ? location : ""); });
}

tensor_status_t tensor_set_location_callback(tensor_location_function_t function, void* user,
                                             void (*destroy)(void* user)) {
  return guard([&] {
    if (!function) return autograd::set_location_provider(nullptr);
    auto callback = std::make_shared<LocationCallback>(function, user, destroy);
    autograd::set_location_provider([callback] { return (*callback)(); });
  });
}

tensor_status_t tensor_node_location(const tensor_node_t* node, char* buffer, size_t capacity,
                                     size_t* length) {
  return guard([&] {
    copy_string(autograd::location_of(*node_of(node, "node")), buffer, capacity, length);
  });
}
