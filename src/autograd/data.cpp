#include "autograd/data.h"

#include <utility>

#include "autograd/accumulate_grad.h"
#include "autograd/tensor_extra.h"
#include "core/error.h"
#include "core/in_use.h"

namespace libtensor::autograd {

Tensor variable_data(const Tensor& tensor) {
  Tensor result = tensor.alias();
  result.impl()->storage = Storage::with_version(tensor.impl()->storage, 0);
  return result;
}

void set_data(const Tensor& tensor, const Tensor& data) {
  check(!tensor.requires_grad() || is_floating(data.dtype()),
        "data set to a tensor that requires gradients must be floating point or complex dtype");
  if (data.is_same(tensor)) return;
  const Exclusive alone(tensor);  // keeps the tensor: what goes with its memory may call back
  TensorImpl& impl = *tensor.impl();
  // What the leaf's node says of its gradient holds no more.
  if (impl.extra && (data.dtype() != impl.dtype || data.device() != tensor.device())) {
    const ShortLock lock(leaf_mutex());
    extra_of(tensor).accumulator = nullptr;
  }
  Ref<Storage> other = Storage::with_version_of(data.impl()->storage, *impl.storage);
  std::swap(impl.storage, other);
  impl.offset = data.offset();
  impl.dtype = data.dtype();
  impl.shape = data.shape();
  impl.strides = data.strides();
  impl.update_geometry();
}

}  // namespace libtensor::autograd
