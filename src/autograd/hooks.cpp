#include "autograd/hooks.h"

#include <algorithm>
#include <new>

#include "core/error.h"

namespace libtensor::autograd {

ForkSafeMutex& hook_mutex() { return Eternal<MutexOfLevel<LockLevel::kHooks>>::get(); }

namespace {

// torch.FloatTensor, as PyTorch calls a tensor's type.
std::string type_of(const Tensor& tensor) {
  return str("torch.", tensor.device().is_cpu() ? "" : "cuda.", scalar_name_of(tensor.dtype()),
             "Tensor");
}

}  // namespace

void run_tensor_hooks(const HookList<TensorHook>& hooks, Tensor& gradient) {
  for (const Ref<TensorHook>& hook : hooks.get()) {
    const Tensor before = gradient;
    (*hook)(gradient);
    if (!before.defined() || !gradient.defined() || gradient.is_same(before)) continue;
    check(gradient.dtype() == before.dtype() && gradient.device() == before.device(),
          "hook has changed the type of value (was ", type_of(before), " got ", type_of(gradient),
          ")");
    check(gradient.shape() == before.shape(), "hook has changed the size of value");
  }
}

void NodeHooks::add(uint32_t output_nr, Ref<TensorHook> hook) {
  HookList<TensorHook>* list = nullptr;
  {
    std::lock_guard lock(hook_mutex());
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const OfOutput& output) {
      return output.output_nr == output_nr;
    });
    if (found == outputs.end()) {
      outputs.push_back({output_nr, std::make_unique<HookList<TensorHook>>()});
      list = outputs.back().hooks.get();
    } else {
      list = found->hooks.get();
    }
  }
  list->add(std::move(hook));
}

std::vector<std::pair<uint32_t, const HookList<TensorHook>*>> NodeHooks::lists() const {
  std::vector<std::pair<uint32_t, const HookList<TensorHook>*>> result;
  std::lock_guard lock(hook_mutex());
  for (const OfOutput& output : outputs) result.emplace_back(output.output_nr, output.hooks.get());
  return result;
}

void NodeHooks::append_groups(std::vector<const void*>& groups) const {
  for (const auto& [output_nr, hooks] : lists()) hooks->append_groups(groups);
}

void NodeHooks::run(std::span<Tensor> gradients) const {
  std::vector<Retained> kept;
  {
    std::lock_guard lock(hook_mutex());
    kept = retained;
  }
  for (const auto& [output_nr, hooks] : lists()) run_tensor_hooks(*hooks, gradients[output_nr]);
  for (const Retained& one : kept) {
    if (gradients[one.output_nr].defined()) one.grad->accumulate(gradients[one.output_nr]);
  }
}

}  // namespace libtensor::autograd
