#include "tensor/anomaly.h"

#include <algorithm>
#include <memory>

#include "arguments.h"
#include "autograd/anomaly.h"
#include "callback.h"
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
    const ReleaseDelay delay;
    call_destroy({user_, destroy_});
  }
  LocationCallback(const LocationCallback&) = delete;
  LocationCallback& operator=(const LocationCallback&) = delete;

  // It is asked when the operation has run already, which it must not let fail any more.
  std::string operator()() const noexcept {
    try {
      return ask();
    } catch (const std::exception&) {
      return "";
    }
  }

 private:
  static constexpr size_t kUsual = 1024, kLongest = size_t{64} << 10;

  // A text that is longer than the callback has said at first, or than kLongest, is cut.
  std::string ask() const {
    std::string text(kUsual, '\0');
    size_t length = 0;
    if (!call(text, length)) return "";
    if (length >= text.size()) {
      text.resize(std::min(length, kLongest) + 1);
      if (!call(text, length)) return "";
    }
    text.resize(std::min(length, text.size() - 1));
    return text;
  }
  bool call(std::string& text, size_t& length) const {
    const ReleaseDelay delay;  // the operation that is recorded has arguments
    const CallbackFrame frame;
    return function_(user_, text.data(), text.size(), &length) == TENSOR_OK;
  }

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
