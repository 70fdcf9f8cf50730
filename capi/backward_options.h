// How a caller wants backward to run.
#pragma once

#include <memory>

#include "autograd/cancel.h"
#include "autograd/engine.h"
#include "tensor/autograd.h"

namespace libtensor::capi {

// The caller's options, with the defaults of what its version of the header does not have. What a
// later version has is ignored.
tensor_backward_options_t backward_options_of(const tensor_backward_options_t* given);

// What the engine is given of them, and what keeps it alive.
struct BackwardSettings {
  std::shared_ptr<autograd::CancelToken> cancel;
  autograd::BackwardOptions options;

  explicit BackwardSettings(const tensor_backward_options_t& given);
};

}  // namespace libtensor::capi
