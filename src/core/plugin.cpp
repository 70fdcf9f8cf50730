#include "core/plugin.h"

#include <dlfcn.h>

#include <mutex>
#include <string>

#include "core/fork.h"

namespace libtensor {

constinit PluginHost plugin_host = {};

namespace {

constexpr const char* kFileName = "libtensor_cuda.so";

struct Loading {
  ForkSafeMutex mutex{LockLevel::kPlugin};
  bool tried = false;
  std::string reason;
};

Loading& loading() { return Eternal<Loading>::get(); }

std::string path_of_this_library() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<const void*>(&open_cuda), &info) || !info.dli_fname) return "";
  return info.dli_fname;
}

// A plug-in calls the library for as long as it is loaded, which is for ever.
void stay_loaded() {
  dlopen(path_of_this_library().c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

std::string folder_of_this_library() {
  const std::string path = path_of_this_library();
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Of the plug-in. A device begins with the CPU's seed: what the host set last, or the unpredictable
// one of this process.
using OpenDevice = DeviceRuntime* (*)(int index);
constinit OpenDevice make_runtime = nullptr;
DeviceRuntime* open_device(int index) {
  DeviceRuntime* const runtime = make_runtime(index);
  runtime->generator().manual_seed(runtime_for(Device{}).generator().initial_seed());
  return runtime;
}

void add_devices(int count, DeviceRuntime* (*open)(int index), const KernelSlot* kernels) {
  make_runtime = open;
  adopt_kernels(kernels);
  register_devices(DeviceType::kCuda, count, open_device);
}

// Returns the reason why not, or "".
std::string try_load(const std::string& path) {
  if (device_count(DeviceType::kCuda) > 0) return "a CUDA backend is loaded already";
  // Its threads and exit handlers may outlive any use, so it is never unloaded.
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) return str("the CUDA plug-in cannot be opened: ", dlerror());
  const auto entry = reinterpret_cast<PluginEntry>(dlsym(library, kPluginEntry));
  if (!entry) return str(path, " is no plug-in of libtensor");
  plugin_host.add = add_devices;
  const char* const reason = entry(kPluginInterface, plugin_host);
  if (!reason) stay_loaded();
  return reason ? reason : "";
}

}  // namespace

void load_backend(const char* path) {
  const std::lock_guard lock(loading().mutex);
  const std::string reason = try_load(path);
  check_as(Status::kUnavailable, reason.empty(), reason);
  loading().tried = true;
}

void open_cuda() {
  Loading& state = loading();
  const std::lock_guard lock(state.mutex);
  if (!state.tried) {
    state.tried = true;
    state.reason = try_load(folder_of_this_library() + kFileName);
  }
  check_as(Status::kUnavailable, device_count(DeviceType::kCuda) > 0, state.reason);
}

bool cuda_is_available() noexcept { return *cuda_unavailable_reason() == '\0'; }

const char* cuda_unavailable_reason() noexcept {
  if (device_count(DeviceType::kCuda) > 0) return "";
  try {
    open_cuda();
    return "";
  } catch (const Error&) {
    return loading().reason.c_str();  // never changes again while there is no device
  } catch (...) {
    return "out of memory";
  }
}

}  // namespace libtensor
