#include "autograd/multi_grad_hook.h"

#include "autograd/graph_task.h"

namespace libtensor::autograd {
namespace {

// Hooks of single tensors that belong together.
class HookBundle final : public Hook {
 public:
  void remove() override {
    for (const Ref<TensorHook>& part : parts_) part->remove();
  }
  void visit_held(HeldVisitor& visit) const override {
    for (const Ref<TensorHook>& part : parts_) visit_hook(visit, part.get());
  }
  void add(Ref<TensorHook> part) { parts_.push_back(std::move(part)); }

 private:
  std::vector<Ref<TensorHook>> parts_;
};

// What the hooks of one bundle share and own.
template <class Function>
struct Shared {
  Function function;
  size_t count;
  // Its address names the group; a pass holds on to it, so that no other gets the address
  // meanwhile.
  std::shared_ptr<const void> name = std::make_shared<const char>();
};

// part(shared, i) is the hook of tensors[i].
template <class Function, class Part>
Ref<Hook> register_parts(std::span<const Tensor> tensors, Function function, UserData held,
                         Part part) {
  for (const Tensor& tensor : tensors) check_hookable(tensor);
  const auto shared = std::make_shared<const Shared<Function>>(std::move(function), tensors.size());
  auto bundle = Ref<HookBundle>::adopt(new HookBundle);
  try {
    for (size_t i = 0; i < tensors.size(); ++i) {
      auto hook = Ref<TensorHook>::adopt(new TensorHook(part(shared, i), held, shared->name.get()));
      bundle->add(hook);
      register_hook(tensors[i], std::move(hook));
    }
  } catch (...) {
    bundle->remove();
    throw;
  }
  return bundle;
}

StreamId current_stream(const Tensor& gradient) {
  return gradient.defined() && !gradient.device().is_cpu()
             ? runtime_for(gradient.device()).current_stream()
             : StreamId{};
}

// The gradients were made in streams of their own; the hook works in the current ones.
void hand_over(const GraphTask& task, const GraphTask::HookGroup& group) {
  for (size_t i = 0; i < group.gradients.size(); ++i) {
    const Tensor& gradient = group.gradients[i];
    if (!gradient.defined()) continue;
    const StreamId here = current_stream(gradient);
    const StreamGuard there(gradient.device(), group.streams[i]);
    task.streams().hand_over(gradient, here);
  }
}

}  // namespace

Ref<Hook> register_multi_grad_hook(std::span<const Tensor> tensors,
                                   std::function<void(std::span<const Tensor>)> function,
                                   UserData held) {
  return register_parts(tensors, std::move(function), held, [](auto shared, size_t i) {
    return [shared, i](const Tensor& gradient) {
      GraphTask& task = *GraphTask::current();
      GraphTask::HookGroup& group = task.hook_group(shared->name);
      group.gradients.resize(shared->count);
      group.streams.resize(shared->count);
      group.gradients[i] = gradient;
      group.streams[i] = current_stream(gradient);
      if (++group.arrived < group.expected) return;
      hand_over(task, group);
      const std::vector<Tensor> gradients = std::move(group.gradients);
      shared->function(gradients);
    };
  });
}

Ref<Hook> register_any_grad_hook(std::span<const Tensor> tensors,
                                 std::function<void(const Tensor&)> function, UserData held) {
  return register_parts(tensors, std::move(function), held, [](auto shared, size_t) {
    return [shared](const Tensor& gradient) {
      if (GraphTask::current()->hook_group(shared->name).arrived++ == 0) shared->function(gradient);
    };
  });
}

}  // namespace libtensor::autograd
