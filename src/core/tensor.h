// What a tensor is: a view (shape, strides, offset) of a storage, and its place in the autograd
// graph.
#pragma once

#include <memory>

#include "core/device.h"
#include "core/dims.h"
#include "core/dtype.h"
#include "core/pool.h"
#include "core/ref.h"
#include "core/shape.h"
#include "core/storage.h"
#include "core/tensor_count.h"
#include "core/thread_local.h"

namespace libtensor {

// What core knows of a graph node: that tensors hold one. src/autograd/node.h says the rest.
class GraphNode : public RefCounted<GraphNode> {
 public:
  bool weakly_referenced() const noexcept { return weakly_referenced_; }
  static void destroy(GraphNode* node) { node->dispose(); }
  virtual const char* name() const = 0;
  // Stands for the node where only its name is wanted any more.
  virtual Ref<GraphNode> epitaph() const = 0;

 protected:
  void set_weakly_referenced() { weakly_referenced_ = true; }
  virtual ~GraphNode() = default;
  virtual void dispose() = 0;  // deletes this, without recursion along the graph

 private:
  bool weakly_referenced_ = false;
};

// What few tensors need (grad, hooks); src/autograd/tensor_extra.h says what it is.
class AutogradExtra {
 public:
  virtual ~AutogradExtra() = default;
};

// How a view came to be, which decides what an in-place operation on it may do.
enum class ViewOrigin : uint8_t { kDefault, kNoGrad, kMultiOutput, kInference, kCustomFunction };

// Whether this thread makes inference tensors: they have no version and no place in any graph.
extern LIBTENSOR_FAST_THREAD_LOCAL bool inference_mode_flag;

class TensorImpl final : public SavableCounted<TensorImpl>, public Pooled<TensorImpl> {
 public:
  TensorImpl() = default;
  TensorImpl(const Dims& shape_, const Dims& strides_) : shape(shape_), strides(strides_) {}
  ~TensorImpl() {
    if (history_dropped && view_base) view_base.detach()->release_saved();
  }
  static void destroy(TensorImpl* impl);  // not inline: releasing a reference is, everywhere
  // The last user of a tensor that lends its history has gone (tensor_count.h): what is left tells
  // an error message what the tensor was.
  [[gnu::cold]] void drop_history() noexcept;
  // For a node that saved the tensor, which has no users.
  Ref<GraphNode> last_grad_fn() const noexcept;

  // Recomputes what follows from shape and strides.
  void update_geometry() {
    numel = numel_of(shape);
    contiguous = libtensor::is_contiguous(shape, strides);
  }

  Ref<Storage> storage;
  int64_t offset = 0;  // in elements
  int64_t numel = 0;
  DType dtype = DType::kUndefined;
  bool contiguous = true;
  bool requires_grad = false;  // of a leaf; a tensor with a grad_fn requires grad by that
  ViewOrigin view_origin = ViewOrigin::kDefault;
  bool inference = inference_mode_flag;       // made in inference mode; a view is what its base is
  bool history_dropped = false;               // view_base is counted as a node's reference then
  bool had_history = false;                   // a view, when its history was dropped
  mutable std::atomic<bool> changing{false};  // its shape, memory or history: in_use.h
  uint32_t output_nr = 0;                     // which output of grad_fn this is
  uint32_t view_version = 0;                  // the version at which a view's grad_fn was made
  Ref<GraphNode> grad_fn;
  Ref<TensorImpl>
      view_base;  // the tensor that this is a differentiable view of; never itself a view
  std::unique_ptr<AutogradExtra> extra;
  Dims shape, strides;

 private:
  Ref<GraphNode> exchange_grad_fn(Ref<GraphNode> other) noexcept;
};

// What a node keeps of a tensor: its elements, shape and dtype. Or nothing.
class SavedRef {
 public:
  SavedRef() = default;
  explicit SavedRef(const Ref<TensorImpl>& used) : impl_(used.get()) { impl_->retain_saved(); }
  SavedRef(const SavedRef& other) : impl_(other.impl_) {
    if (impl_) impl_->retain_saved();
  }
  SavedRef(SavedRef&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  SavedRef& operator=(SavedRef other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  ~SavedRef() {
    if (impl_) impl_->release_saved();
  }
  // Takes over a user's reference.
  static SavedRef adopt(Ref<TensorImpl> used) {
    SavedRef saved;
    saved.impl_ = used.detach();
    saved.impl_->become_saved();
    return saved;
  }
  // Null where nobody uses the tensor any more and it has dropped its history.
  Ref<TensorImpl> use() const {
    return impl_->try_use() ? Ref<TensorImpl>::adopt(impl_) : Ref<TensorImpl>();
  }
  const TensorImpl* get() const { return impl_; }
  const TensorImpl* operator->() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  TensorImpl* impl_ = nullptr;
};

// A counted pointer to a tensor; may be undefined (an absent gradient, an optional argument not
// given).
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

  // Not initialised, contiguous.
  static Tensor empty(Span shape, DType dtype, Device device);
  static Tensor empty_strided(Span shape, Span strides, DType dtype, Device device);
  // Not initialised, with the shape and strides of `other`, which is contiguous.
  static Tensor empty_like_contiguous(const Tensor& other, DType dtype);
  // A view of `storage` from its beginning.
  static Tensor over(Ref<Storage> storage, Span shape, Span strides, DType dtype);
  // Another view of the same storage, without a history.
  Tensor alias() const { return alias_of(*impl_); }
  static Tensor alias_of(const TensorImpl& impl);
  // Throws where it would reach outside the storage, or has too many dims: the door through which
  // all views come.
  Tensor view(Span shape, Span strides, int64_t offset) const;
  // `length` elements of one dim from `start` on: such a view.
  Tensor narrow(int dim, int64_t start, int64_t length) const;

  bool defined() const { return static_cast<bool>(impl_); }
  TensorImpl* impl() const { return impl_.get(); }
  const Ref<TensorImpl>& ref() const { return impl_; }
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  const Dims& shape() const { return impl_->shape; }
  const Dims& strides() const { return impl_->strides; }
  int ndim() const { return impl_->shape.size(); }
  int64_t size(int64_t dim) const { return impl_->shape[wrap_dim(dim, ndim())]; }
  int64_t numel() const { return impl_->numel; }
  int64_t offset() const { return impl_->offset; }
  DType dtype() const { return impl_->dtype; }
  Device device() const { return impl_->storage->device(); }
  Storage& storage() const { return *impl_->storage; }
  bool is_contiguous() const { return impl_->contiguous; }
  uint32_t version() const { return impl_->storage->version(); }

  // Unsigned: the offset of an empty view may be anything.
  void* data() const {
    return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(impl_->storage->data()) +
                                   static_cast<uint64_t>(impl_->offset) * size_of(impl_->dtype));
  }
  template <class T>
  T* data_as() const {
    return static_cast<T*>(data());
  }

  // Has a place in the graph, or will accumulate a gradient, or is a view of such a tensor.
  bool requires_grad() const {
    return impl_->requires_grad || impl_->grad_fn ||
           (impl_->view_base && (impl_->view_base->requires_grad || impl_->view_base->grad_fn));
  }
  bool is_view() const { return static_cast<bool>(impl_->view_base); }

 private:
  Ref<TensorImpl> impl_;
};

}  // namespace libtensor
