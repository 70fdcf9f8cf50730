// The CUDA backend is a library of its own, opened when it is first needed: libtensor.so itself
// loads on every machine.
#pragma once

#include <cstdint>

#include "core/backend.h"

namespace libtensor {

// What a plug-in exports, as `extern "C"`, under the name kPluginEntry. It calls add() once for
// each device, in order, and returns nullptr; or the reason why there are none, which stays valid.
using PluginEntry = const char* (*)(uint32_t interface, void (*add)(int index, Backend* backend));
inline constexpr const char* kPluginEntry = "libtensor_plugin";
// Raised when core/backend.h changes: library and plug-in must be of one build.
inline constexpr uint32_t kPluginInterface = 1;

// Opens the plug-in in the file `path`, whose devices take the place of none, and never of others.
// Throws Error(kUnavailable) with the reason.
void load_backend(const char* path);

// Opens the plug-in beside the library, once; throws Error(kUnavailable) with the reason, each
// time.
void open_cuda();
bool cuda_is_available() noexcept;
// "" where it is available. Lives as long as the process.
const char* cuda_unavailable_reason() noexcept;

}  // namespace libtensor
