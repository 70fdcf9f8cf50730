#include "autograd/accumulate_grad.h"

#include <limits>
#include <mutex>

#include "autograd/mode.h"
#include "autograd/tensor_ops.h"
#include "core/fork.h"
#include "core/thread_local.h"

namespace libtensor::autograd {
namespace {

// Gradients whose leaves are gone, waiting to be dropped. A gradient may have a gradient of its
// own, and so on: they queue up here instead of recursing.
LIBTENSOR_FAST_THREAD_LOCAL std::vector<Tensor>* dropped_gradients = nullptr;

void drop(Tensor gradient) {
  if (dropped_gradients) {
    dropped_gradients->push_back(std::move(gradient));
    return;
  }
  std::vector<Tensor> queue;
  dropped_gradients = &queue;
  gradient = Tensor();
  while (!queue.empty()) {
    const Tensor next = std::move(queue.back());
    queue.pop_back();
  }
  dropped_gradients = nullptr;
}

// What a leaf has beyond a plain tensor.
class LeafExtra final : public AutogradExtra, public Pooled<LeafExtra> {
 public:
  ~LeafExtra() override {
    if (grad.defined()) drop(std::move(grad));
  }

  Tensor grad;
  AccumulateGrad* accumulator = nullptr;  // not owned: the node owns the leaf
};

// Mutexes that outlive static destruction: a host may release tensors at its very end.
template <LockLevel kLevel>
ForkSafeMutex& mutex() {
  alignas(ForkSafeMutex) static unsigned char memory[sizeof(ForkSafeMutex)];
  static ForkSafeMutex* instance = new (memory) ForkSafeMutex(kLevel);
  return *instance;
}
// Guards `extra` of all leaves. Nothing is destroyed and no operation runs while it is held.
ForkSafeMutex& leaf_mutex() { return mutex<LockLevel::kLeaf>(); }
// Held while one gradient is added to what a leaf has.
ForkSafeMutex& accumulation_mutex() { return mutex<LockLevel::kAccumulation>(); }

LeafExtra& extra_of(const Tensor& leaf) {
  auto& slot = leaf.impl()->extra;
  if (!slot) slot = std::make_unique<LeafExtra>();
  return static_cast<LeafExtra&>(*slot);
}

void set_grad_unchecked(const Tensor& leaf, Tensor gradient) {
  std::lock_guard lock(leaf_mutex());
  std::swap(extra_of(leaf).grad, gradient);
}  // `gradient`, now the previous one, goes after the lock: its graph may hold other leaves

// May the engine keep `gradient` as the leaf's grad without a copy?
bool can_steal(const Tensor& gradient, const Tensor& leaf) {
  if (gradient.impl()->storage->use_count() > 1 || gradient.impl()->use_count() > 1) return false;
  return is_dense(leaf.shape(), leaf.strides()) ? gradient.strides() == leaf.strides()
                                                : gradient.is_contiguous();
}

}  // namespace

// Its number lets it run before everything else that is ready.
AccumulateGrad::AccumulateGrad(const Tensor& leaf)
    : FixedNode(std::numeric_limits<uint64_t>::max()), leaf_(leaf) {
  add_output(leaf);
}

AccumulateGrad::~AccumulateGrad() {
  std::lock_guard lock(leaf_mutex());
  LeafExtra& extra = extra_of(leaf_);
  if (extra.accumulator == this) extra.accumulator = nullptr;
}

void AccumulateGrad::apply(std::span<const Tensor> gradients, std::span<Tensor>) {
  const Tensor& incoming = gradients[0];
  if (!incoming.defined()) return;
  std::lock_guard lock(accumulation_mutex());
  Tensor sum = grad(leaf_);
  if (!sum.defined()) {
    set_grad_unchecked(leaf_, !grad_enabled() && can_steal(incoming, leaf_)
                                  ? incoming.alias()
                                  : tensor_ops.clone_for_leaf(incoming, leaf_));
  } else if (grad_enabled()) {
    set_grad_unchecked(leaf_, tensor_ops.add(sum, incoming));
  } else {
    tensor_ops.add_in_place(sum, incoming);
  }
}

Ref<Node> grad_accumulator(const Tensor& leaf) {
  std::lock_guard lock(leaf_mutex());
  LeafExtra& extra = extra_of(leaf);
  if (extra.accumulator && extra.accumulator->try_retain())
    return Ref<Node>::adopt(extra.accumulator);
  extra.accumulator = new AccumulateGrad(leaf);
  return Ref<Node>::adopt(extra.accumulator);
}

Tensor grad(const Tensor& tensor) {
  std::lock_guard lock(leaf_mutex());
  if (!tensor.impl()->extra) return Tensor();
  return extra_of(tensor).grad;
}

void set_grad(const Tensor& tensor, const Tensor& gradient) {
  if (gradient.defined()) {
    check(gradient.dtype() == tensor.dtype(), "attempting to assign a gradient with dtype '",
          name_of(gradient.dtype()), "' to a tensor with dtype '", name_of(tensor.dtype()),
          "'. The gradient must match the tensor's dtype.");
    check(gradient.device() == tensor.device(),
          "assigned grad has data located on a different device");
    check(gradient.shape() == tensor.shape(), "attempting to assign a gradient of size '",
          gradient.shape(), "' to a tensor of size '", tensor.shape(),
          "'. Please ensure that the gradient and the tensor are the same size");
    check(!gradient.is_same(tensor), "can't assign Tensor as its own grad");
  }
  if (gradient.defined() || tensor.impl()->extra) set_grad_unchecked(tensor, gradient);
}

}  // namespace libtensor::autograd
