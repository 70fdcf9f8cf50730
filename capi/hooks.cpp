#include "tensor/hooks.h"

#include "arguments.h"
#include "autograd/engine.h"
#include "autograd/hooks.h"
#include "autograd/multi_grad_hook.h"
#include "autograd/ownership.h"
#include "autograd/saved_hooks.h"
#include "callback.h"
#include "firewall.h"
#include "hook_handle.h"
#include "node_handle.h"

using namespace libtensor;
using namespace libtensor::capi;

namespace {

using autograd::NodePostHook;
using autograd::NodePreHook;
using autograd::PostAccumulateHook;
using autograd::TensorHook;

// Hands out the handle of a hook that is registered already, where one is wanted.
void hand_out(const Ref<autograd::Hook>& hook, tensor_hook_t** out) {
  if (!out) return;
  try {
    *out = new_object_handle<tensor_hook_t>(hook);
  } catch (...) {
    hook->remove();
    throw;
  }
}

template <class Kind, class Attach>
void add(Kind* fresh, tensor_hook_t** out, Attach&& attach) {
  const auto hook = Ref<Kind>::adopt(fresh);
  attach(hook);
  hand_out(hook, out);
}

void check_callback(bool is_given, const char* name) { check(is_given, name, " must not be NULL"); }

}  // namespace

tensor_status_t tensor_hook_remove(tensor_hook_t* hook) {
  return guard([&] { (*object_of(hook, "hook"))->remove(); });
}

tensor_status_t tensor_hook_release(tensor_hook_t* hook) {
  return guard([&] { release_object(hook, "hook"); });
}

tensor_status_t tensor_register_hook(tensor_t* t,
                                     tensor_status_t (*hook)(void* user, tensor_t** grad),
                                     void* user, void (*destroy)(void* user), tensor_hook_t** out) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(hook, "hook");
    const auto run = [owner, hook](Tensor& gradient) {
      LentHandles lent({&gradient, 1});
      const CallbackFrame frame;
      frame.check(hook(owner.get(), lent.data()), "a tensor hook");
      lent.take_back({&gradient, 1}, "the gradient that a tensor hook returned");
    };
    add(new TensorHook(run, owner.data()), out,
        [&](Ref<TensorHook> added) { autograd::register_hook(tensor_of(t, "t"), added); });
  });
}

tensor_status_t tensor_register_post_accumulate_grad_hook(
    tensor_t* t, tensor_status_t (*hook)(void* user, tensor_t* t), void* user,
    void (*destroy)(void* user), tensor_hook_t** out) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(hook, "hook");
    const auto run = [owner, hook](const Tensor& leaf) {
      LentHandles lent({&leaf, 1});
      const CallbackFrame frame;
      frame.check(hook(owner.get(), *lent.data()), "a post accumulate grad hook");
    };
    add(new PostAccumulateHook(run, owner.data()), out, [&](Ref<PostAccumulateHook> added) {
      autograd::register_post_accumulate_grad_hook(tensor_of(t, "t"), added);
    });
  });
}

tensor_status_t tensor_register_multi_grad_hook(
    tensor_t* const* tensors, size_t count,
    tensor_status_t (*hook)(void* user, tensor_t* const* grads, size_t count), void* user,
    void (*destroy)(void* user), tensor_hook_t** out) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(hook, "hook");
    const TensorList list(tensors, count, "tensors");
    const auto run = [owner, hook](std::span<const Tensor> gradients) {
      LentHandles lent(gradients);
      const CallbackFrame frame;
      frame.check(hook(owner.get(), lent.data(), lent.size()), "a multi-grad hook");
    };
    hand_out(autograd::register_multi_grad_hook(list, run, owner.data()), out);
  });
}

tensor_status_t tensor_register_any_grad_hook(tensor_t* const* tensors, size_t count,
                                              tensor_status_t (*hook)(void* user, tensor_t* grad),
                                              void* user, void (*destroy)(void* user),
                                              tensor_hook_t** out) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(hook, "hook");
    const TensorList list(tensors, count, "tensors");
    const auto run = [owner, hook](const Tensor& gradient) {
      LentHandles lent({&gradient, 1});
      const CallbackFrame frame;
      frame.check(hook(owner.get(), *lent.data()), "a multi-grad hook");
    };
    hand_out(autograd::register_any_grad_hook(list, run, owner.data()), out);
  });
}

tensor_status_t tensor_node_register_prehook(
    tensor_node_t* node, tensor_status_t (*hook)(void* user, tensor_t** grad_outputs, size_t count),
    void* user, void (*destroy)(void* user), tensor_hook_t** out) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(hook, "hook");
    const auto run = [owner, hook](std::span<Tensor> gradients) {
      LentHandles lent(gradients);
      const CallbackFrame frame;
      frame.check(hook(owner.get(), lent.data(), lent.size()), "a node pre-hook");
      lent.take_back(gradients, "a gradient that a node pre-hook returned");
    };
    add(new NodePreHook(run, owner.data()), out, [&](Ref<NodePreHook> added) {
      node_of(node, "node")->make_hooks().before.add(std::move(added));
    });
  });
}

tensor_status_t tensor_node_register_hook(
    tensor_node_t* node,
    tensor_status_t (*hook)(void* user, tensor_t** grad_inputs, size_t input_count,
                            tensor_t* const* grad_outputs, size_t output_count),
    void* user, void (*destroy)(void* user), tensor_hook_t** out) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(hook, "hook");
    const auto run = [owner, hook](std::span<Tensor> computed, std::span<const Tensor> given) {
      LentHandles inputs(computed), outputs(given);
      const CallbackFrame frame;
      frame.check(hook(owner.get(), inputs.data(), inputs.size(), outputs.data(), outputs.size()),
                  "a node hook");
      inputs.take_back(computed, "a gradient that a node hook returned");
    };
    add(new NodePostHook(run, owner.data()), out, [&](Ref<NodePostHook> added) {
      node_of(node, "node")->make_hooks().after.add(std::move(added));
    });
  });
}

tensor_status_t tensor_queue_callback(tensor_status_t (*callback)(void* user), void* user,
                                      void (*destroy)(void* user)) {
  return guard([&] {
    const User owner(user, destroy);
    check_callback(callback, "callback");
    autograd::queue_callback([owner, callback] {
      const CallbackFrame frame;
      frame.check(callback(owner.get()), "a queued callback");
    });
  });
}

namespace {

struct SavedCallbacks {
  tensor_status_t (*pack)(void* user, tensor_t* t, void** packed);
  tensor_status_t (*unpack)(void* user, void* packed, tensor_t** out);
  void (*discard)(void* user, void* packed);
};

class CallbackSavedHooks final : public autograd::SavedHooks, public autograd::Holder {
 public:
  CallbackSavedHooks(SavedCallbacks callbacks, User user)
      : callbacks_(callbacks), user_(std::move(user)) {}

  void* pack(const Tensor& tensor) override {
    LentHandles lent({&tensor, 1});
    void* packed = nullptr;
    const ReleaseDelay delay;  // the operation that saves `tensor` has arguments
    const CallbackFrame frame;
    frame.check(callbacks_.pack(user_.get(), *lent.data(), &packed), "a pack hook");
    return packed;
  }
  Tensor unpack(void* packed) override {
    tensor_t* handle = nullptr;
    const CallbackFrame frame;
    const tensor_status_t status = callbacks_.unpack(user_.get(), packed, &handle);
    Tensor tensor =
        status == TENSOR_OK ? tensor_of(handle, "the result of an unpack hook") : Tensor();
    release_handle(handle);
    frame.check(status, "an unpack hook");
    return tensor;
  }
  void discard(void* packed) override {
    if (!callbacks_.discard) return;
    const CallbackFrame frame;
    callbacks_.discard(user_.get(), packed);
  }
  autograd::UserData packed_data(void* packed) const override {
    return {packed, user_.data().destroy};
  }
  void visit_held(autograd::HeldVisitor& visit) const override { visit.user(user_.data()); }

 private:
  SavedCallbacks callbacks_;
  User user_;
};

}  // namespace

tensor_status_t tensor_saved_tensors_hooks_push(
    tensor_status_t (*pack)(void* user, tensor_t* t, void** packed),
    tensor_status_t (*unpack)(void* user, void* packed, tensor_t** out),
    void (*discard)(void* user, void* packed), void* user, void (*destroy)(void* user)) {
  return guard([&] {
    User owner(user, destroy);
    check_callback(pack, "pack");
    check_callback(unpack, "unpack");
    autograd::push_saved_hooks(Ref<autograd::SavedHooks>::adopt(
        new CallbackSavedHooks({pack, unpack, discard}, std::move(owner))));
  });
}

tensor_status_t tensor_saved_tensors_hooks_pop(void) {
  return guard([] { autograd::pop_saved_hooks(); });
}

tensor_status_t tensor_saved_tensors_hooks_disable(const char* message) {
  return guard([&] {
    autograd::disable_saved_hooks(message ? std::optional<std::string>(message) : std::nullopt);
  });
}
