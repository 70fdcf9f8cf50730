#include "autograd/saved_tensor.h"

#include "autograd/anomaly.h"
#include "autograd/history.h"
#include "autograd/mode.h"
#include "autograd/node.h"
#include "autograd/ownership.h"
#include "core/fork.h"
#include "core/in_use.h"

namespace libtensor::autograd {

// What hooks keep of a tensor, and where its gradient goes.
struct PackedTensor : RefCounted<PackedTensor> {
  static void destroy(PackedTensor* packed) { delete packed; }
  PackedTensor(SavedHooks* packer, const Tensor& tensor)
      : hooks(Ref<SavedHooks>::share(packer)), shape(tensor.shape()), dtype(tensor.dtype()) {}
  ~PackedTensor() {
    if (holds) hooks->discard(value);
  }
  PackedTensor(const PackedTensor&) = delete;
  PackedTensor& operator=(const PackedTensor&) = delete;

  Ref<SavedHooks> hooks;
  Dims shape;
  DType dtype;
  void* value = nullptr;
  bool holds = false;
  Edge edge;  // of an input that requires grad
};

void SavedTensor::save_output(const Tensor& result) {
  number_ = result.impl()->output_nr;
  is_output_ = true;
  released_ = false;
  if (saved_hooks_active() || result.impl()->inference) [[unlikely]] {
    save_specially(result, /*is_output=*/true);
    saved_ = true;
    return;
  }
  expect_output(result);
  take_output(result);
}

void SavedTensor::expect_output(const Tensor& content) {
  is_output_ = true;
  released_ = false;
  content.storage().watch();
  tensor_ = SavedRef::adopt(content.alias().ref());
  saved_ = true;
}

void SavedTensor::take_output(const Tensor& result) noexcept {
  number_ = result.impl()->output_nr;
  version_ = result.version();
}

void SavedTensor::save_output_early(const Tensor& content, const Ref<Node>& maker) {
  struct Place {  // in the graph, which hooks see
    const Tensor& content;
    const Ref<Node>& maker;
    Place(const Tensor& tensor, const Ref<Node>& node) : content(tensor), maker(node) {
      tensor.impl()->output_nr = node->add_output(tensor);
      tensor.impl()->grad_fn = node;
    }
    ~Place() {
      content.impl()->grad_fn = nullptr;  // else a hook that keeps it would close a cycle
      maker->forget_outputs();
    }
  };
  const Place place(content, maker);
  save_output(content);
}

void SavedTensor::save_specially(const Tensor& tensor, bool is_output) {
  check(!tensor.impl()->inference,
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
        "inference mode in computation tracked by autograd. To work around this, you can make a "
        "clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
        "`torch.inference_mode()`.");
  const uint32_t version = tensor.version();
  auto packed = Ref<PackedTensor>::adopt(new PackedTensor(active_saved_hooks(), tensor));
  {
    const GradMode no_grad(false);
    packed->value = packed->hooks->pack(tensor);
    packed->holds = true;
  }
  check(tensor.version() == version,
        "A saved tensor pack hook is modifying its input in place. Tensors provided as input to "
        "pack hook cannot be modified by in-place operations as this can lead to unexpected "
        "side-effects. Please open an issue if you need to perform in-place operations on the "
        "input to a pack hook.");
  if (!is_output) packed->edge = gradient_edge(tensor);
  drop_packed();
  packed_ = packed.detach();
}

void SavedTensor::swap(SavedTensor& other) noexcept {
  std::swap(tensor_, other.tensor_);
  std::swap(packed_, other.packed_);
  std::swap(version_, other.version_);
  std::swap(number_, other.number_);
  std::swap(is_output_, other.is_output_);
  std::swap(released_, other.released_);
  std::swap(saved_, other.saved_);
}

void SavedTensor::drop_packed() {
  if (packed_) std::exchange(packed_, nullptr)->release();
}

namespace {
ForkSafeMutex& mutex_of(const SavedTensor* saved) {
  return StripedMutex<LockLevel::kSaved>::of(saved);
}
}  // namespace

void SavedTensor::release() {
  if (single_threaded()) {
    tensor_ = SavedRef();
    drop_packed();
    released_ = true;
    return;
  }
  SavedTensor dropped;  // after the lock: its last reference may be this one
  std::lock_guard lock(mutex_of(this));
  std::swap(tensor_, dropped.tensor_);
  std::swap(packed_, dropped.packed_);
  released_ = true;
}

SavedRef SavedTensor::held() const {
  SavedRef held;
  {
    const ShortLock lock(mutex_of(this));
    held = tensor_;
  }
  if (held) use(*held.get(), "a saved tensor");
  return held;
}

void SavedTensor::visit_held(HeldVisitor& visit) const {
  std::lock_guard lock(mutex_of(this));
  if (tensor_) visit.tensor(tensor_.get());
  if (!packed_ || packed_->use_count() > 1) return;  // being unpacked: then others hold it too
  visit.saved_hooks(packed_->hooks.get());
  if (packed_->edge.node) visit.node(packed_->edge.node.get());
  if (packed_->holds) visit.user(packed_->hooks->packed_data(packed_->value));
}

SavedTensor SavedTensor::copy() const {
  SavedTensor result;
  std::lock_guard lock(mutex_of(this));
  result.tensor_ = tensor_;
  result.packed_ = packed_;
  if (packed_) packed_->retain();
  result.version_ = version_;
  result.number_ = number_;
  result.is_output_ = is_output_;
  result.released_ = released_;
  result.saved_ = saved_;
  return result;
}

Tensor SavedTensor::unpack_by_hooks(Node& owner) const {
  // The hook may run backward, which frees what this node has saved.
  const Ref<PackedTensor> packed = Ref<PackedTensor>::share(packed_);
  const Tensor unpacked = packed->hooks->unpack(packed->value);
  check(unpacked.defined(), "the result of an unpack hook is no tensor");
  check(unpacked.shape() == packed->shape, "an unpack hook returned a tensor of shape ",
        unpacked.shape(), " for one of shape ", packed->shape);
  check(is_floating(unpacked.dtype()) == is_floating(packed->dtype),
        "an unpack hook returned a tensor of dtype ", name_of(unpacked.dtype()), " for one of ",
        name_of(packed->dtype));
  // The same elements with another history: what the hook gave may be in use elsewhere.
  Tensor result = unpacked.alias();
  if (is_output_) {
    if (is_floating(result.dtype()))
      (owner.enclosing() ? *owner.enclosing() : owner).reattach(result, number_);
  } else {
    result.impl()->grad_fn = packed->edge.node;
    result.impl()->output_nr = packed->edge.output_nr;
  }
  return result;
}

Tensor SavedTensor::unpack(Node& owner) const {
  return single_threaded() ? unpack_unguarded(owner) : copy().unpack_unguarded(owner);
}

Tensor SavedTensor::unpack_unguarded(Node& owner) const {
  check(!released_,
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have "
        "already been freed). Saved intermediate values of the graph are freed when you call "
        ".backward() or "
        "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a "
        "second time or if "
        "you need to access saved tensors after calling backward.");
  check(saved_, "the derivative of ", owner.name(),
        " cannot run yet: the operation is still saving what it needs");
  if (packed_) [[unlikely]]
    return unpack_by_hooks(owner);
  if (!tensor_) return Tensor();
  use(*tensor_.get(), "a saved tensor");
  check_version(owner);
  if (is_output_ && is_floating(tensor_->dtype)) return reattached(owner);
  if (Ref<TensorImpl> used = tensor_.use()) return Tensor(std::move(used));
  // Only nodes are left that know the tensor.
  Tensor result = Tensor::alias_of(*tensor_.get());
  const Edge edge = owner.saved_edge(number_);
  result.impl()->grad_fn = edge.node;
  result.impl()->output_nr = edge.output_nr;
  return result;
}

Tensor SavedTensor::reattached(Node& owner) const {
  Tensor result = Tensor::alias_of(*tensor_.get());
  (owner.enclosing() ? *owner.enclosing() : owner).reattach(result, number_);
  return result;
}

namespace {

// Ours, after PyTorch's words: who saved the tensor, and who changed it since.
std::string account_of_changes(const Node& owner, const Storage& storage, uint32_t saved_version) {
  std::string account = str(" Saved by ", owner.name(), " at version ", saved_version, ".");
  const auto changes = storage.changes_since(saved_version);
  for (size_t i = 0; i < changes.size(); ++i) {
    account += str(i == 0 ? " Changed since by " : ", ", changes[i].operation, " (version ",
                   changes[i].version, ")");
  }
  return changes.empty() ? account : account + ".";
}

}  // namespace

// ", which is output 0 of Mul,": who made the tensor as it is now.
std::string SavedTensor::origin(const Node& owner) const {
  const auto text = [](uint32_t output_nr, const char* maker) {
    return str(", which is output ", output_nr, " of ", operation_name(maker), ",");
  };
  if (is_output_)  // of an operation on a view, the view's own history was made anew
    return owner.enclosing() ? text(0, "AsStridedBackward0") : text(number_, owner.name());
  if (const Tensor tensor{tensor_.use()}; tensor.defined()) {
    const Ref<Node> maker = autograd::grad_fn(tensor);
    return maker ? text(tensor.impl()->output_nr, maker->name()) : "";
  }
  if (!tensor_->view_base) {
    const Ref<GraphNode> maker = tensor_->last_grad_fn();
    return maker ? text(tensor_->output_nr, maker->name()) : "";
  }
  // Its history would have been made anew, from its base's.
  const TensorImpl& base = *tensor_->view_base;
  const bool has_history = tensor_->had_history || base.requires_grad || base.grad_fn;
  return has_history ? text(0, "AsStridedBackward0") : "";
}

void SavedTensor::check_version(const Node& owner) const {
  const Storage& storage = *tensor_->storage;
  if (storage.version() == version_) [[likely]]
    return;
  fail(Status::kInvalidArgument,
       "one of the variables needed for gradient computation has been modified by an inplace "
       "operation: [torch.",
       storage.device().is_cpu() ? "" : "cuda.", scalar_name_of(tensor_->dtype), "Tensor ",
       tensor_->shape, "]", origin(owner), " is at version ", storage.version(),
       "; expected version ", version_, " instead. Hint: ",
       anomaly_enabled()
           ? "the backtrace further above shows the operation that failed to compute its gradient. "
             "The variable in question was changed in there or anywhere later. Good luck!"
           : "enable anomaly detection to find the operation that failed to compute its gradient, "
             "with torch.autograd.set_detect_anomaly(True, check_nan=False).",
       account_of_changes(owner, storage, version_));
}

}  // namespace libtensor::autograd
