// What a thread has set, for another thread that goes on in its place.
#pragma once

#include "autograd/mode.h"
#include "autograd/saved_hooks.h"

namespace libtensor::autograd {

struct ThreadState {
  bool inference, grad_mode;
  SavedHooksState saved_hooks;

  static ThreadState get() {
    return {inference_mode_flag, autograd::grad_mode(), saved_hooks_state()};
  }
  void set() const {
    set_inference_mode(inference);
    set_grad_mode(grad_mode);
    set_saved_hooks_state(saved_hooks);
  }
};

}  // namespace libtensor::autograd
