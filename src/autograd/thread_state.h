// What a thread has set, for another thread that goes on in its place.
#pragma once

#include "autograd/mode.h"
#include "autograd/saved_hooks.h"
#include "autograd/shared_grad.h"
#include "autograd/streams.h"
#include "core/in_use.h"

namespace libtensor::autograd {

struct ThreadState {
  bool inference, grad_mode;
  uint64_t thread;
  SavedHooksState saved_hooks;
  CurrentStreams streams;
  WaitingUses uses;

  static ThreadState get() {
    return {inference_mode_flag, autograd::grad_mode(), this_thread(),
            saved_hooks_state(), CurrentStreams::get(), WaitingUses()};
  }
  void set() const {
    set_inference_mode(inference);
    set_grad_mode(grad_mode);
    stand_in_for(thread);
    set_saved_hooks_state(saved_hooks);
    streams.set();
    uses.take_over();
  }
  // Of the other thread, before it ends.
  void leave() const { uses.leave(); }
  // Of the one that waited.
  void resume() const { uses.resume(); }
};

}  // namespace libtensor::autograd
