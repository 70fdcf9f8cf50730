// Callbacks that a program attaches to tensors and nodes, run by the engine.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "autograd/user_data.h"
#include "core/fork.h"
#include "core/ref.h"
#include "core/tensor.h"

namespace libtensor::autograd {

class HeldVisitor;

// Guards all lists of hooks. No callback runs while it is held.
ForkSafeMutex& hook_mutex();

class Hook : public RefCounted<Hook> {
 public:
  static void destroy(Hook* hook) { delete hook; }
  // It will not be called again, except that a list of hooks that is being run is run to its end as
  // it was, as in PyTorch. What it holds is dropped then.
  virtual void remove() = 0;
  virtual void visit_held(HeldVisitor& visit) const = 0;

 protected:
  virtual ~Hook() = default;
  static void visit_user(HeldVisitor& visit, const UserData& held);
  static void visit_hook(HeldVisitor& visit, const Hook* held);
};

template <class... Args>
class HookOf final : public Hook {
 public:
  using Function = std::shared_ptr<const std::function<void(Args...)>>;
  // held: what the function keeps of the program's. group: what it is one of several hooks of
  // (multi_grad_hook.h), or null.
  explicit HookOf(std::function<void(Args...)> function, UserData held = {},
                  const void* group = nullptr)
      : function_(std::make_shared<const std::function<void(Args...)>>(std::move(function))),
        held_(held),
        group_(group) {}

  void remove() override {
    Function dropped;
    std::lock_guard lock(hook_mutex());
    std::swap(dropped, function_);
  }
  void visit_held(HeldVisitor& visit) const override {
    std::lock_guard lock(hook_mutex());
    if (function_) visit_user(visit, held_);
  }
  // --- call with hook_mutex held
  bool removed() const { return !function_; }
  const Function& function() const { return function_; }

  const void* group() const { return group_; }

 private:
  Function function_;
  UserData held_;
  const void* group_;
};

// May replace the gradient of a tensor.
using TensorHook = HookOf<Tensor&>;
// After a leaf's grad has been added to.
using PostAccumulateHook = HookOf<const Tensor&>;
// May replace the gradients that a node is about to be given.
using NodePreHook = HookOf<std::span<Tensor>>;
// May replace the gradients that a node has computed; the second are those it was given.
using NodePostHook = HookOf<std::span<Tensor>, std::span<const Tensor>>;

// Hooks in the order they were added.
template <class Kind>
class HookList {
 public:
  void add(Ref<Kind> hook) {
    std::lock_guard lock(hook_mutex());
    std::erase_if(hooks_, [](const Ref<Kind>& old) { return old->removed(); });
    hooks_.push_back(std::move(hook));
  }
  // What is to be called: a copy, so that hooks may add and remove hooks.
  std::vector<typename Kind::Function> functions() const {
    std::vector<typename Kind::Function> found;
    std::lock_guard lock(hook_mutex());
    for (const Ref<Kind>& hook : hooks_) {
      if (!hook->removed()) found.push_back(hook->function());
    }
    return found;
  }
  bool empty() const {
    std::lock_guard lock(hook_mutex());
    return hooks_.empty();
  }
  void visit_held(HeldVisitor& visit) const;
  // Appends the group of each hook that is one of several.
  void append_groups(std::vector<const void*>& groups) const {
    std::lock_guard lock(hook_mutex());
    for (const Ref<Kind>& hook : hooks_) {
      if (hook->group() && !hook->removed()) groups.push_back(hook->group());
    }
  }

 private:
  std::vector<Ref<Kind>> hooks_;
};

// Run hooks one after another. Each must keep a gradient's shape, dtype and device where it
// replaces or changes it, and may not give one where there was none.
void run_hooks(const HookList<TensorHook>& hooks, Tensor& gradient);
void run_hooks(const HookList<NodePreHook>& hooks, std::span<Tensor> gradients);
void run_hooks(const HookList<NodePostHook>& hooks, std::span<Tensor> computed,
               std::span<const Tensor> given);
void run_hooks(const HookList<PostAccumulateHook>& hooks, const Tensor& leaf);

// The grad of a tensor that is no leaf but retains it: shared by the tensor and the node that
// computes it, of which neither may own the other.
class RetainedGrad final : public RefCounted<RetainedGrad> {
 public:
  static void destroy(RetainedGrad* retained);
  // Adds a gradient that arrived, unless the tensor is gone.
  void accumulate(const Tensor& gradient);
  void accumulate_locked(const Tensor& gradient);
  Tensor grad;  // guarded by the mutex of grads (accumulate_grad.cpp)

 private:
  ~RetainedGrad() = default;
};

// What a node has where hooks are attached to it.
struct NodeHooks {
  struct OfOutput {
    uint32_t output_nr;
    std::unique_ptr<HookList<TensorHook>> hooks;
  };
  struct Retained {
    uint32_t output_nr;
    Ref<RetainedGrad> grad;
  };
  std::vector<OfOutput> outputs;   // in the order in which the outputs got their first hook
  std::vector<Retained> retained;  // after all other hooks of tensors
  HookList<NodePreHook> before;
  HookList<NodePostHook> after;

  void add(uint32_t output_nr, Ref<TensorHook> hook);
  // So that one more can be added when nothing may fail any more. With hook_mutex held.
  void make_room_for_retained() { retained.reserve(retained.size() + 1); }
  void run(std::span<Tensor> gradients) const;
  void append_groups(std::vector<const void*>& groups) const;
  void visit_held(HeldVisitor& visit) const;

 private:
  std::vector<std::pair<uint32_t, const HookList<TensorHook>*>> lists() const;
};

// --- hooks of tensors
// Both throw where `tensor` does not require grad.
void check_hookable(const Tensor& tensor);
void register_hook(const Tensor& tensor, Ref<TensorHook> hook);
// Throws where `tensor` is no leaf that requires grad.
void register_post_accumulate_grad_hook(const Tensor& tensor, Ref<PostAccumulateHook> hook);
// Lets a tensor that is no leaf keep its gradient in grad.
void retain_grad(const Tensor& tensor);
bool retains_grad(const Tensor& tensor);

}  // namespace libtensor::autograd
