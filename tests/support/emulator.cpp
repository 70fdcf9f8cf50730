#include "support/emulator.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

#include "support/device.h"

namespace test {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

void refuse(const std::string& message) {
  std::fprintf(stderr, "LIBTENSOR_TEST_DEVICE: %s\n", message.c_str());
  std::exit(2);
}

template <class F>
void Emulator::find(const char* name, F& out) {
  out = reinterpret_cast<F>(dlsym(library_, name));
  if (!out) refuse(std::string("the emulator has no ") + name);
}

Emulator::Emulator(const std::string& path) {
  if (tensor_backend_load(path.c_str()) != TENSOR_OK) refuse(tensor_last_error());
  library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  find("cuda_emulator_set_seed", set_seed);
  find("cuda_emulator_report_count", report_count);
  find("cuda_emulator_report", report);
  find("cuda_emulator_clear_reports", clear_reports);
  find("cuda_emulator_malloc", allocate);
  find("cuda_emulator_free", free);
}

Emulator* emulator() {
  static Emulator* const loaded = [] {
    const std::string path = variable("LIBTENSOR_EMULATED_CUDA");
    return path.empty() ? nullptr : new Emulator(path);
  }();
  return loaded;
}

namespace {

tensor_device_t chosen_device() {
  const std::string name = variable("LIBTENSOR_TEST_DEVICE");
  if (name.empty() || name == "cpu") return {TENSOR_CPU, 0};
  if (name != "cuda") refuse("\"" + name + "\" is neither cpu nor cuda");
  emulator();
  if (!tensor_cuda_is_available()) refuse(tensor_cuda_unavailable_reason());
  return {TENSOR_CUDA, 0};
}

}  // namespace

tensor_device_t device() {
  static const tensor_device_t chosen = chosen_device();
  return chosen;
}

}  // namespace test
