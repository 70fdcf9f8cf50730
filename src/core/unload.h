// What the library does when it is unloaded (dlclose), and not when the process ends: it gives back
// what it has, so that a host may load and unload it for ever.
#pragma once

namespace libtensor {

struct UnloadStep {
  void (*run)();
  UnloadStep* older = nullptr;
};

// Runs `step`, which lives as long as the library, when it is unloaded: the newest first, and when
// what belongs to threads is gone. For use while the library is loaded.
void at_unload(UnloadStep& step) noexcept;

}  // namespace libtensor
