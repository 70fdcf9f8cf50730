#include "core/tensor.h"

#include "core/device_runtime.h"
#include "core/fork.h"

namespace libtensor {

LIBTENSOR_FAST_THREAD_LOCAL bool inference_mode_flag = false;

namespace {

Tensor make(Ref<Storage> storage, Span shape, Span strides, int64_t offset, DType dtype) {
  auto impl = Ref<TensorImpl>::adopt(new TensorImpl);
  impl->storage = std::move(storage);
  impl->offset = offset;
  impl->dtype = dtype;
  impl->shape = Dims(shape);
  impl->strides = Dims(strides);
  impl->update_geometry();
  return Tensor(std::move(impl));
}

}  // namespace

void TensorImpl::destroy(TensorImpl* impl) { delete impl; }

Ref<GraphNode> TensorImpl::exchange_grad_fn(Ref<GraphNode> other) noexcept {
  const ShortLock lock(StripedMutex<LockLevel::kRenewal>::of(this));
  std::swap(grad_fn, other);
  return other;
}

Ref<GraphNode> TensorImpl::last_grad_fn() const noexcept {
  const ShortLock lock(StripedMutex<LockLevel::kRenewal>::of(this));
  return grad_fn;
}

void TensorImpl::drop_history() noexcept {
  history_dropped = true;
  had_history = static_cast<bool>(grad_fn);
  const Ref<GraphNode> dropped = exchange_grad_fn(nullptr);
  if (view_base) return view_base->become_saved();
  if (!dropped) return;
  try {
    exchange_grad_fn(dropped->epitaph());
  } catch (...) {  // no memory: the message will not name it
  }
}

Tensor Tensor::empty(Span shape, DType dtype, Device device) {
  const size_t item = size_of(dtype);
  const int64_t numel = checked_numel(shape, item);
  return make(Storage::allocate(numel * item, device), shape, contiguous_strides(shape), 0, dtype);
}

Tensor Tensor::empty_strided(Span shape, Span strides, DType dtype, Device device) {
  checked_numel(shape, size_of(dtype));
  const size_t bytes = (reach(shape, strides) + 1) * size_of(dtype);
  return make(Storage::allocate(bytes, device), shape, strides, 0, dtype);
}

Tensor Tensor::empty_like_contiguous(const Tensor& other, DType dtype) {
  const TensorImpl& like = *other.impl();
  auto impl = Ref<TensorImpl>::adopt(new TensorImpl(like.shape, like.strides));
  if (like.numel == 0) impl->strides = contiguous_strides(like.shape);
  // Those of dims of one element may have been any.
  int64_t stride = 1;
  for (int i = like.numel == 0 ? 0 : like.shape.size(); i-- > 0;) {
    impl->strides[i] = stride;
    stride *= like.shape[i];
  }
  impl->storage = Storage::allocate(like.numel * size_of(dtype), other.device());
  impl->numel = like.numel;
  impl->dtype = dtype;
  return Tensor(std::move(impl));
}

Tensor Tensor::over(Ref<Storage> storage, Span shape, Span strides, DType dtype) {
  return make(std::move(storage), shape, strides, 0, dtype);
}

Tensor Tensor::alias_of(const TensorImpl& impl) {
  Tensor result = make(impl.storage, impl.shape, impl.strides, impl.offset, impl.dtype);
  result.impl_->inference = impl.inference;
  return result;
}

Tensor Tensor::view(Span shape, Span strides, int64_t offset) const {
  check_rank(shape.size());
  check_within(shape, strides, offset, size_of(impl_->dtype), impl_->storage->bytes());
  Tensor result = make(impl_->storage, shape, strides, offset, impl_->dtype);
  result.impl_->inference = impl_->inference;
  return result;
}

Tensor Tensor::narrow(int dim, int64_t start, int64_t length) const {
  Dims part = shape();
  part[dim] = length;
  return view(part, strides(), moved_offset(offset(), start, strides()[dim]));
}

}  // namespace libtensor
