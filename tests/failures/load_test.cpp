// Where memory runs out while the library is loaded, the process goes on: the loader says so, or
// the library is there and serves. Nothing is linked with it. Each try is a process of its own.
#include <dlfcn.h>
#include <tensor/tensor.h>

#include <cstdio>

#include "failures/each_failure.h"

namespace test {
namespace {

template <class F>
F* function(void* library, const char* name, F*) {
  return reinterpret_cast<F*>(dlsym(library, name));
}
#define FROM(library, name) function(library, #name, static_cast<decltype(&name)>(nullptr))

bool works(void* library) {
  const int64_t shape[] = {2, 3};
  tensor_t *a = nullptr, *b = nullptr;
  return FROM(library, tensor_ones)(shape, 2, nullptr, &a) == TENSOR_OK &&
         FROM(library, tensor_exp)(a, &b) == TENSOR_OK &&
         FROM(library, tensor_release)(a) == TENSOR_OK &&
         FROM(library, tensor_release)(b) == TENSOR_OK;
}

bool tells_why() {
  const char* const reason = dlerror();
  return reason && *reason;
}

Outcome loads(int64_t number, Fails which) {
  // Where it has no memory as it is loaded, it ends the process, whoever needs it.
  dlopen("libhwy.so.1", RTLD_NOW | RTLD_LOCAL);
  void* library = nullptr;
  {
    const FailingMalloc failing(number, which);
    library = dlopen(LIBTENSOR_FILE, RTLD_NOW | RTLD_LOCAL);
  }
  const bool failed = FailingMalloc::has_failed();
  if (!library) {
    if (!failed || !tells_why()) return kWrong;
    // The loader may have kept what it had half read, and then refuses it for good.
    library = dlopen(LIBTENSOR_FILE, RTLD_NOW | RTLD_LOCAL);
    if (!library) return tells_why() ? kFine : kWrong;
  }
  if (!works(library)) return kWrong;
  return failed ? kFine : kNothingFailed;
}

// The plug-in, loaded at first use, in a process that has used the library.
Outcome loads_plugin(int64_t number, Fails which) {
  void* const library = dlopen(LIBTENSOR_FILE, RTLD_NOW | RTLD_LOCAL);
  if (!library || !works(library)) return kWrong;
  const auto load = FROM(library, tensor_backend_load);
  const auto message = FROM(library, tensor_last_error);
  tensor_status_t status = TENSOR_OK;
  {
    const FailingMalloc failing(number, which);
    status = load(PLUGIN_FILE);
  }
  if (!FailingMalloc::has_failed()) return status == TENSOR_OK ? kNothingFailed : kWrong;
  const bool told = status == TENSOR_OK || *message();
  const tensor_status_t again = load(PLUGIN_FILE);
  // One that is loaded is not loaded again.
  const bool there = FROM(library, tensor_cuda_is_available)();
  if (told && (again == TENSOR_OK || there) && works(library)) return kFine;
  std::fprintf(stderr, "status %d, then %d: %s\n", status, again, message());
  return kWrong;
}

TEST(Loading, OfTheLibrarySurvivesEachFailure) { fail_each(11, loads); }
TEST(Loading, OfThePlugInSurvivesEachFailure) { fail_each(11, loads_plugin); }

}  // namespace
}  // namespace test
