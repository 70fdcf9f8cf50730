// Callbacks that a program attaches to tensors and nodes, run by the engine.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/fork.h"
#include "core/ref.h"
#include "core/tensor.h"

namespace libtensor::autograd {

// Guards all lists of hooks. No callback runs while it is held.
ForkSafeMutex& hook_mutex();

class Hook : public RefCounted<Hook> {
 public:
  static void destroy(Hook* hook) { delete hook; }
  // It will not be called again. What it holds is dropped now, or after a call that is running.
  virtual void remove() = 0;

 protected:
  virtual ~Hook() = default;
};

template <class... Args>
class HookOf final : public Hook {
 public:
  using Function = std::function<void(Args...)>;
  // group: what it is one of several hooks of (multi_grad_hook.h), or null.
  explicit HookOf(Function function, const void* group = nullptr)
      : function_(std::make_shared<const Function>(std::move(function))), group_(group) {}

  void operator()(Args... args) const {
    if (const auto function = get()) (*function)(args...);
  }
  void remove() override {
    std::shared_ptr<const Function> dropped;
    std::lock_guard lock(hook_mutex());
    std::swap(dropped, function_);
  }
  bool removed() const { return !function_; }  // call with hook_mutex held
  const void* group() const { return group_; }

 private:
  std::shared_ptr<const Function> get() const {
    std::lock_guard lock(hook_mutex());
    return function_;
  }
  std::shared_ptr<const Function> function_;
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
  // A copy, so that hooks may add and remove hooks.
  std::vector<Ref<Kind>> get() const {
    std::lock_guard lock(hook_mutex());
    return hooks_;
  }
  template <class... Args>
  void run(Args&&... args) const {
    for (const Ref<Kind>& hook : get()) (*hook)(args...);
  }
  bool empty() const {
    std::lock_guard lock(hook_mutex());
    return hooks_.empty();
  }
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

// Runs the hooks of one tensor; each must keep the gradient's shape, dtype and device.
void run_tensor_hooks(const HookList<TensorHook>& hooks, Tensor& gradient);

// The grad of a tensor that is no leaf but retains it: shared by the tensor and the node that
// computes it, of which neither may own the other.
class RetainedGrad final : public RefCounted<RetainedGrad> {
 public:
  static void destroy(RetainedGrad* retained);
  // Adds a gradient that arrived, unless the tensor is gone.
  void accumulate(const Tensor& gradient);
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
  void run(std::span<Tensor> gradients) const;
  void append_groups(std::vector<const void*>& groups) const;

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
