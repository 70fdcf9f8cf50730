// How every kernel is started. Include in .cu files only.
#pragma once

#include <device_language.h>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/launch_config.h"

namespace libtensor::cuda {

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchConfig& config, Arguments&&... arguments) {
  check_cuda(start_kernel(kernel, config, static_cast<Arguments&&>(arguments)...),
             config.operation);
}

}  // namespace libtensor::cuda
