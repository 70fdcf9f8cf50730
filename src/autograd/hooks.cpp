#include "autograd/hooks.h"

#include <algorithm>
#include <new>

#include "autograd/ownership.h"
#include "core/error.h"

namespace libtensor::autograd {

ForkSafeMutex& hook_mutex() { return Eternal<MutexOfLevel<LockLevel::kHooks>>::get(); }

void Hook::visit_user(HeldVisitor& visit, const UserData& held) { visit.user(held); }
void Hook::visit_hook(HeldVisitor& visit, const Hook* held) { visit.hook(held); }

template <class Kind>
void HookList<Kind>::visit_held(HeldVisitor& visit) const {
  std::lock_guard lock(hook_mutex());
  for (const Ref<Kind>& hook : hooks_) visit.hook(hook.get());
}
template void HookList<TensorHook>::visit_held(HeldVisitor& visit) const;
template void HookList<PostAccumulateHook>::visit_held(HeldVisitor& visit) const;
template void HookList<NodePreHook>::visit_held(HeldVisitor& visit) const;
template void HookList<NodePostHook>::visit_held(HeldVisitor& visit) const;

namespace {

// torch.FloatTensor, as PyTorch calls a tensor's type.
std::string type_name(DType dtype, Device device) {
  return str("torch.", device.is_cpu() ? "" : "cuda.", scalar_name_of(dtype), "Tensor");
}

// What gradients were before a hook ran: it may replace them, or change their geometry in place.
class Before {
 public:
  explicit Before(std::span<const Tensor> gradients) {
    looks_.reserve(gradients.size());
    for (const Tensor& gradient : gradients) looks_.push_back(Look(gradient));
  }
  void check_kept(std::span<const Tensor> gradients) const {
    for (size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined()) looks_[i].check_kept(gradients[i]);
    }
  }

 private:
  struct Look {
    bool defined;
    Dims shape;
    DType dtype = DType::kUndefined;
    Device device;

    explicit Look(const Tensor& gradient) : defined(gradient.defined()) {
      if (!defined) return;
      shape = gradient.shape();
      dtype = gradient.dtype();
      device = gradient.device();
    }
    void check_kept(const Tensor& now) const {
      check(defined, "can't replace a None gradient with a non-None value");
      check(now.dtype() == dtype && now.device() == device,
            "hook has changed the type of value (was ", type_name(dtype, device), " got ",
            type_name(now.dtype(), now.device()), ")");
      check(now.shape() == shape, "hook has changed the size of value");
    }
  };
  std::vector<Look> looks_;
};

}  // namespace

void run_hooks(const HookList<TensorHook>& hooks, Tensor& gradient) {
  for (const auto& hook : hooks.functions()) {
    const Before before({&gradient, 1});
    (*hook)(gradient);
    before.check_kept({&gradient, 1});
  }
}

void run_hooks(const HookList<NodePreHook>& hooks, std::span<Tensor> gradients) {
  for (const auto& hook : hooks.functions()) {
    const Before before(gradients);
    (*hook)(gradients);
    before.check_kept(gradients);
  }
}

void run_hooks(const HookList<NodePostHook>& hooks, std::span<Tensor> computed,
               std::span<const Tensor> given) {
  for (const auto& hook : hooks.functions()) {
    const Before before(computed);
    (*hook)(computed, given);
    before.check_kept(computed);
  }
}

void run_hooks(const HookList<PostAccumulateHook>& hooks, const Tensor& leaf) {
  for (const auto& hook : hooks.functions()) (*hook)(leaf);
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
  for (const auto& [output_nr, hooks] : lists()) run_hooks(*hooks, gradients[output_nr]);
  for (const Retained& one : kept) {
    if (gradients[one.output_nr].defined()) one.grad->accumulate(gradients[one.output_nr]);
  }
}

void NodeHooks::visit_held(HeldVisitor& visit) const {
  for (const auto& [output_nr, hooks] : lists()) hooks->visit_held(visit);
  before.visit_held(visit);
  after.visit_held(visit);
  std::lock_guard lock(hook_mutex());
  for (const Retained& one : retained) visit.retained_grad(one.grad.get());
}

}  // namespace libtensor::autograd
