#include "core/unload.h"

#include <cxxabi.h>

#include "core/thread_local.h"

extern "C" void* __dso_handle;  // names this library to the C++ runtime

namespace libtensor {
namespace {

constinit UnloadStep* newest = nullptr;
constinit bool exiting = false;

// exit() runs its own handlers before a library's termination functions; dlclose runs those first.
// So the handler comes before unload() where the process ends, when threads may still be at work.
const bool exit_is_seen =
    abi::__cxa_atexit([](void*) { exiting = true; }, nullptr, &__dso_handle) == 0;

[[gnu::destructor]] void unload() {
  if (exiting || !exit_is_seen) return;
  delete_objects_of_all_threads();
  while (const UnloadStep* const step = newest) {
    newest = step->older;
    step->run();
  }
}

}  // namespace

void at_unload(UnloadStep& step) noexcept {
  step.older = newest;
  newest = &step;
}

}  // namespace libtensor
