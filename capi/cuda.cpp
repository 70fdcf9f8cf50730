#include "tensor/cuda.h"

#include <algorithm>
#include <cstring>

#include "arguments.h"
#include "core/device_runtime.h"
#include "core/plugin.h"
#include "firewall.h"
#include "object_handles.h"
#include "ops/copies.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(offsetof(tensor_device_properties_t, total_memory) == 8 &&
              offsetof(tensor_device_properties_t, name) == 32);

namespace libtensor::capi {
namespace {

struct Stream {
  Device device;
  StreamId id;
};

// An event goes with its last handle.
class Event {
 public:
  Event(Device device, bool timing)
      : device_(device), id_(runtime_for(device).create_event(timing)) {}
  ~Event() {
    if (id_) runtime_for(device_).destroy_event(id_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  Device device() const { return device_; }
  EventId id() const { return id_; }
  DeviceRuntime& runtime() const { return runtime_for(device_); }

 private:
  Device device_;
  EventId id_;
};

Device given_device(tensor_device_t device) {
  const Device found = device_of(device, "device");
  return found.type == DeviceType::kUndefined ? Device{} : found;
}

}  // namespace

template <>
struct ObjectKind<tensor_stream_t> {
  using Value = Stream;
  static constexpr ObjectTag kTag = ObjectTag::kStream;
  static constexpr const char* kName = "stream";
};

template <>
struct ObjectKind<tensor_event_t> {
  using Value = std::shared_ptr<Event>;
  static constexpr ObjectTag kTag = ObjectTag::kEvent;
  static constexpr const char* kName = "event";
};

namespace {

Stream stream_of(const tensor_stream_t* stream) { return *object_of(stream, "stream"); }
std::shared_ptr<Event> event_of(const tensor_event_t* event, const char* argument = "event") {
  return *object_of(event, argument);
}

}  // namespace
}  // namespace libtensor::capi

tensor_status_t tensor_cuda_device_count(int32_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = cuda_is_available() ? device_count(DeviceType::kCuda) : 0;
  });
}

tensor_status_t tensor_device_properties(tensor_device_t device, tensor_device_properties_t* out) {
  return guard([&] {
    check_result(out, "out");
    check(out->struct_size >= sizeof(tensor_device_properties_t), "out.struct_size is ",
          out->struct_size, ": start from tensor_device_properties_default()");
    const DeviceProperties found = runtime_for(given_device(device)).properties();
    out->total_memory = found.total_memory;
    out->major = found.major;
    out->minor = found.minor;
    out->multiprocessors = found.multiprocessors;
    out->max_threads_per_multiprocessor = found.max_threads_per_multiprocessor;
    const size_t length = std::min(found.name.size(), sizeof out->name - 1);
    std::memcpy(out->name, found.name.data(), length);
    out->name[length] = '\0';
  });
}

tensor_status_t tensor_cuda_current_device(int32_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = current_cuda_device();
  });
}

tensor_status_t tensor_cuda_set_device(int32_t index) {
  return guard([&] { set_current_cuda_device(index); });
}

tensor_status_t tensor_cuda_allow_tf32(bool allowed) {
  allow_tf32(allowed);
  return TENSOR_OK;
}

bool tensor_cuda_tf32_allowed(void) { return tf32_allowed(); }

tensor_status_t tensor_cuda_check_at_once(bool at_once) {
  check_at_once(at_once);
  return TENSOR_OK;
}

bool tensor_cuda_checks_at_once(void) { return checks_at_once(); }

tensor_status_t tensor_record_stream(const tensor_t* t, const tensor_stream_t* stream) {
  return guard([&] {
    const Tensor tensor = tensor_of(t, "t");
    const Stream queue = stream_of(stream);
    check(tensor.device() == queue.device, "t is on ", tensor.device(), ", but stream is of ",
          queue.device);
    runtime_for(queue.device).record_stream(tensor.storage().data(), queue.id);
  });
}

tensor_status_t tensor_is_pinned(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = ops::is_pinned(tensor_of(t, "t"));
  });
}

tensor_status_t tensor_device_synchronize(tensor_device_t device) {
  return guard([&] { runtime_for(given_device(device)).synchronize(); });
}

tensor_status_t tensor_stream_current(tensor_device_t device, tensor_stream_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Device own = given_device(device);
    *out = new_object_handle<tensor_stream_t>({own, runtime_for(own).current_stream()});
  });
}

tensor_status_t tensor_stream_default(tensor_device_t device, tensor_stream_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Device own = given_device(device);
    runtime_for(own);  // throws where there is none
    *out = new_object_handle<tensor_stream_t>({own, 0});
  });
}

tensor_status_t tensor_stream_new(tensor_device_t device, int32_t priority, tensor_stream_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Device own = given_device(device);
    *out = new_object_handle<tensor_stream_t>({own, runtime_for(own).pooled_stream(priority)});
  });
}

tensor_status_t tensor_stream_set_current(const tensor_stream_t* stream) {
  return guard([&] {
    const Stream own = stream_of(stream);
    runtime_for(own.device).set_current_stream(own.id);
  });
}

tensor_status_t tensor_stream_device(const tensor_stream_t* stream, tensor_device_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = to_c(stream_of(stream).device);
  });
}

tensor_status_t tensor_stream_native(const tensor_stream_t* stream, void** out) {
  return guard([&] {
    check_result(out, "out");
    *out = reinterpret_cast<void*>(stream_of(stream).id);
  });
}

tensor_status_t tensor_stream_synchronize(const tensor_stream_t* stream) {
  return guard([&] {
    const Stream own = stream_of(stream);
    runtime_for(own.device).synchronize_stream(own.id);
  });
}

tensor_status_t tensor_stream_query(const tensor_stream_t* stream, bool* out) {
  return guard([&] {
    check_result(out, "out");
    const Stream own = stream_of(stream);
    *out = runtime_for(own.device).is_stream_done(own.id);
  });
}

tensor_status_t tensor_stream_release(tensor_stream_t* stream) {
  return guard([&] { release_object(stream, "stream"); });
}

tensor_status_t tensor_event_new(tensor_device_t device, bool timing, tensor_event_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = new_object_handle<tensor_event_t>(std::make_shared<Event>(given_device(device), timing));
  });
}

tensor_status_t tensor_event_record(const tensor_event_t* event, const tensor_stream_t* stream) {
  return guard([&] {
    const auto own = event_of(event);
    const Stream queue = stream_of(stream);
    check(own->device() == queue.device, "event is of ", own->device(), ", but stream is of ",
          queue.device);
    own->runtime().record_event(own->id(), queue.id);
  });
}

tensor_status_t tensor_stream_wait_event(const tensor_stream_t* stream,
                                         const tensor_event_t* event) {
  return guard([&] {
    const Stream queue = stream_of(stream);
    const auto own = event_of(event);
    if (queue.device.type == own->device().type) {
      runtime_for(queue.device).wait_event(queue.id, own->id());
    } else {
      own->runtime().synchronize_event(own->id());  // the CPU's work is the host's
    }
  });
}

tensor_status_t tensor_event_synchronize(const tensor_event_t* event) {
  return guard([&] {
    const auto own = event_of(event);
    own->runtime().synchronize_event(own->id());
  });
}

tensor_status_t tensor_event_query(const tensor_event_t* event, bool* out) {
  return guard([&] {
    check_result(out, "out");
    const auto own = event_of(event);
    *out = own->runtime().is_event_done(own->id());
  });
}

tensor_status_t tensor_event_elapsed(const tensor_event_t* start, const tensor_event_t* end,
                                     double* out) {
  return guard([&] {
    check_result(out, "out");
    const auto first = event_of(start, "start"), last = event_of(end, "end");
    check(first->device() == last->device(), "start is of ", first->device(), ", but end is of ",
          last->device());
    *out = first->runtime().milliseconds_between(first->id(), last->id());
  });
}

tensor_status_t tensor_event_release(tensor_event_t* event) {
  return guard([&] { release_object(event, "event"); });
}
