// The CUDA emulator, where LIBTENSOR_EMULATED_CUDA names it, and what tests ask it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace test {

// A variable of the environment; "" where it is not set.
std::string variable(const char* name);
// Ends the program: the device that the tests should run on is not there.
[[noreturn]] void refuse(const std::string& message);

// The functions of tests/cuda_emulator/emulator.h that tests of the library use.
class Emulator {
 public:
  explicit Emulator(const std::string& path);

  void (*set_seed)(uint64_t);
  size_t (*report_count)();
  size_t (*report)(size_t, char*, size_t);
  void (*clear_reports)();
  void* (*allocate)(size_t);
  void (*free)(void*);

 private:
  template <class F>
  void find(const char* name, F& out);
  void* library_ = nullptr;
};

// Made when first asked for; null where it is not used.
Emulator* emulator();

}  // namespace test
