#include "autograd/accumulate_grad.h"

#include <limits>
#include <mutex>
#include <new>

#include "autograd/anomaly.h"
#include "autograd/graph_task.h"
#include "autograd/mode.h"
#include "autograd/tensor_extra.h"
#include "autograd/tensor_ops.h"
#include "core/fork.h"
#include "core/in_use.h"
#include "core/thread_local.h"
#include "memory/calls_nobody.h"

namespace libtensor::autograd {
namespace {

// Gradients whose leaves are gone, waiting to be dropped. A gradient may have a gradient of its
// own, and so on: they queue up here instead of recursing.
constexpr ThreadPointer<std::vector<Tensor>, ThreadWord::kDroppedGradients> dropped_gradients;

void set_grad_unchecked(const Tensor& leaf, Tensor gradient) {
  const ShortLock lock(leaf_mutex());
  TensorExtra& extra = extra_of(leaf);
  if (gradient.defined()) {
    const TensorImpl& given = *gradient.impl();
    if (given.grad_fn || given.view_base || given.extra) extra.suspect_cycle(leaf.impl());
  }
  std::swap(extra.gradient(), gradient);
}  // `gradient`, now the previous one, goes after the lock: its graph may hold other leaves

// May the engine keep `gradient` as the leaf's grad without a copy?
bool can_steal(const Tensor& gradient, const Tensor& leaf) {
  if (gradient.impl()->storage->use_count() > 1 || gradient.impl()->use_count() > 1) return false;
  return is_dense(leaf.shape(), leaf.strides()) ? gradient.strides() == leaf.strides()
                                                : gradient.is_contiguous();
}

}  // namespace

ForkSafeMutex& leaf_mutex() { return Eternal<MutexOfLevel<LockLevel::kLeaf>>::get(); }

TensorExtra& extra_of(const Tensor& tensor) {
  auto& slot = tensor.impl()->extra;
  if (!slot) slot = std::make_unique<TensorExtra>();
  return static_cast<TensorExtra&>(*slot);
}

void set_companion(const Tensor& tensor, OwnedUserData companion) {
  const ShortLock lock(leaf_mutex());
  std::swap(extra_of(tensor).companion, companion);
}  // the one before goes after the lock

namespace {
TensorExtra* first_suspect = nullptr;
}

void TensorExtra::suspect_cycle(TensorImpl* tensor) {
  if (suspect_) return;
  suspect_ = tensor;
  next_ = first_suspect;
  if (next_) next_->previous_ = this;
  first_suspect = this;
}

std::vector<TensorImpl*> TensorExtra::suspects() {
  std::vector<TensorImpl*> found;
  for (const TensorExtra* one = first_suspect; one; one = one->next_)
    found.push_back(one->suspect_);
  return found;
}

TensorExtra::~TensorExtra() {
  if (suspect_) {
    const ShortLock lock(leaf_mutex());
    (previous_ ? previous_->next_ : first_suspect) = next_;
    if (next_) next_->previous_ = previous_;
  }
  if (grad.defined()) drop_gradient(std::move(grad));
}

void drop_gradient(Tensor gradient) {
  std::vector<Tensor> queue;
  try {
    if (dropped_gradients) return dropped_gradients->push_back(std::move(gradient));
    dropped_gradients = &queue;
  } catch (const std::bad_alloc&) {
    return;  // no memory to queue it: it goes here
  }
  gradient = Tensor();
  while (!queue.empty()) {
    const Tensor next = std::move(queue.back());
    queue.pop_back();
  }
  dropped_gradients = nullptr;
}

// Its number lets it run before everything else that is ready.
AccumulateGrad::AccumulateGrad(const Tensor& leaf)
    : FixedNode(std::numeric_limits<uint64_t>::max()), leaf_(leaf) {
  set_weakly_referenced();  // by its leaf
  add_output(leaf);
  const TensorExtra* extra = find_extra(leaf);
  if (extra && !(extra->hooks.empty() && extra->after.empty())) set_hooked();
}

AccumulateGrad::~AccumulateGrad() {
  const ShortLock lock(leaf_mutex());
  if (!leaf_.defined()) return;
  TensorExtra& extra = extra_of(leaf_);
  if (extra.accumulator == this) extra.accumulator = nullptr;
}

void AccumulateGrad::run_tensor_hooks(std::span<Tensor> gradients) {
  if (const Tensor leaf = this->leaf(); leaf.defined())
    run_hooks(find_extra(leaf)->hooks, gradients[0]);
}

void AccumulateGrad::append_hook_groups(std::vector<const void*>& groups) const {
  if (const Tensor leaf = this->leaf(); leaf.defined())
    find_extra(leaf)->hooks.append_groups(groups);
}

Tensor AccumulateGrad::leaf() const {
  const ShortLock lock(leaf_mutex());
  return leaf_;
}

void forget_accumulator(const Tensor& tensor) {
  Tensor leaf;
  const ShortLock lock(leaf_mutex());
  AccumulateGrad*& accumulator = extra_of(tensor).accumulator;
  if (accumulator) leaf = accumulator->take_leaf();
  accumulator = nullptr;
}

Ref<Node> known_accumulator(const Tensor& leaf) {
  const ShortLock lock(leaf_mutex());
  const TensorExtra* const known = find_extra(leaf);
  if (!known || !known->accumulator || !known->accumulator->try_retain()) return {};
  return Ref<Node>::adopt(known->accumulator);
}

void remember_accumulator(const Tensor& leaf, const Ref<Node>& accumulator) {
  auto* const node = static_cast<AccumulateGrad*>(accumulator.get());
  Tensor dropped;  // after the lock
  const ShortLock lock(leaf_mutex());
  dropped = node->take_leaf();
  node->give_leaf(leaf);
  extra_of(leaf).accumulator = node;
}

void AccumulateGrad::apply(std::span<const Tensor> gradients, std::span<Tensor>) {
  const Tensor leaf = this->leaf();
  if (!gradients[0].defined() || !leaf.defined() || !leaf.impl()->requires_grad)
    return;  // no longer asked for
  use(leaf, "a leaf");
  accumulate(leaf, gradients[0]);
  if (hooked()) run_hooks(find_extra(leaf)->after, leaf);
}

void AccumulateGrad::accumulate(const Tensor& leaf, const Tensor& incoming) {
  const KnownLocation location(grad_enabled());
  memory::call_nobody([&] { accumulate_locked(leaf, incoming); });
}

void AccumulateGrad::accumulate_locked(const Tensor& leaf, const Tensor& incoming) {
  Tensor sum;  // may have its last use here, so it goes after the lock
  std::lock_guard lock(accumulation_mutex(leaf.impl()));
  GradShares& shares = find_extra(leaf)->shares;
  sum = grad(leaf);
  use(sum, "the gradient of a leaf");
  if (!sum.defined()) {
    Tensor first = !grad_enabled() && can_steal(incoming, leaf)
                       ? incoming.alias()
                       : tensor_ops.clone_for_leaf(incoming, leaf);
    shares.begin(first);
    set_grad_unchecked(leaf, std::move(first));
  } else if (grad_enabled()) {
    Tensor next = tensor_ops.add(sum, incoming);
    shares.forget();
    set_grad_unchecked(leaf, std::move(next));
  } else if (!shares.add(sum, incoming)) {
    tensor_ops.add_in_place(sum, incoming);
  }
  // Another thread may clear it at any moment.
  if (const Tensor now = grad(leaf); now.defined()) GraphTask::current()->streams().leave(now);
}

Ref<Node> grad_accumulator(const Tensor& leaf) {
  if (Ref<Node> known = known_accumulator(leaf)) [[likely]]
    return known;
  const KnownLocation location;
  const ShortLock lock(leaf_mutex());
  TensorExtra& extra = extra_of(leaf);
  if (!extra.accumulator || !extra.accumulator->try_retain())
    extra.accumulator = new AccumulateGrad(leaf);
  return Ref<Node>::adopt(extra.accumulator);
}

Tensor grad(const Tensor& tensor) {
  const ShortLock lock(leaf_mutex());
  const TensorExtra* extra = find_extra(tensor);
  if (!extra) return Tensor();
  return extra->retained ? extra->retained->grad : extra->grad;
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
  if (!gradient.defined() && !tensor.impl()->extra) return;
  set_grad_unchecked(tensor, gradient);
  std::lock_guard lock(accumulation_mutex(tensor.impl()));
  find_extra(tensor)->shares.reset();
}

}  // namespace libtensor::autograd
