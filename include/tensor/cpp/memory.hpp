// Tensors from the program's own memory.
#ifndef TENSOR_CPP_MEMORY_HPP
#define TENSOR_CPP_MEMORY_HPP

#include "tensor/cpp/tensor_class.hpp"

namespace tensor {
namespace detail {

inline Options with_dtype(Options options, DType dtype) {
  if (options.dtype() == DType::Default) options.dtype(dtype);
  return options;
}

inline Tensor copy_of(const void* data, const IntList& shape, const Options& options) {
  tensor_t* out;
  check(tensor_from_data(data, shape.data(), shape.size(), options.raw(), &out));
  return Tensor::own(out);
}

// from_data copies as many elements as the shape says: a vector must hold just these.
inline void expect_count(const IntList& shape, size_t count) {
  size_t product = 1;
  for (int64_t size : shape) product *= static_cast<size_t>(size);
  if (product == count) return;
  throw Error(TENSOR_ERROR_INVALID_ARGUMENT, "from_data: the shape has " + std::to_string(product) +
                                                 " elements, the vector " + std::to_string(count));
}

template <typename T>
Tensor copy_of(const std::vector<T>& data, const IntList& shape, const Options& options) {
  return Tensor::from_data(data.data(), shape, options);
}

// std::vector<bool> has no array to copy from.
inline Tensor copy_of(const std::vector<bool>& data, const IntList& shape, const Options& options) {
  const std::vector<unsigned char> bytes(data.begin(), data.end());
  return copy_of(bytes.data(), shape, with_dtype(options, DType::Bool));
}

using Destroy = std::function<void(void*)>;

struct Blob {
  void* data;
  Destroy destroy;
};

inline void destroy_blob(void* user) {
  std::unique_ptr<Blob> blob(static_cast<Blob*>(user));
  blob->destroy(blob->data);
}

inline Tensor tensor_over(void* data, const IntList& shape, const int64_t* strides, Destroy destroy,
                          const Options& options) {
  std::unique_ptr<Blob> blob(destroy ? new Blob{data, std::move(destroy)} : nullptr);
  tensor_t* out;
  check(tensor_from_blob(data, shape.data(), strides, shape.size(), options.raw(),
                         blob ? destroy_blob : nullptr, blob.get(), &out));
  blob.release();  // destroy_blob's from here on
  return Tensor::own(out);
}

}  // namespace detail

template <typename T>
Tensor Tensor::from_data(const T* data, const IntList& shape, Options options) {
  return detail::copy_of(static_cast<const void*>(data), shape,
                         detail::with_dtype(options, dtype_of<T>::value));
}

template <typename T>
Tensor Tensor::from_data(const std::vector<T>& data, const IntList& shape, const Options& options) {
  detail::expect_count(shape, data.size());
  return detail::copy_of(data, shape, options);
}

template <typename T>
Tensor Tensor::from_data(const std::vector<T>& data) {
  return from_data(data, IntList(static_cast<int64_t>(data.size())));
}

template <typename T>
Tensor Tensor::from_blob(T* data, const IntList& shape, Options options) {
  return detail::tensor_over(data, shape, nullptr, nullptr,
                             detail::with_dtype(options, dtype_of<T>::value));
}

template <typename T>
Tensor Tensor::from_blob(T* data, const IntList& shape, const IntList& strides,
                         std::function<void(void*)> destroy, Options options) {
  if (!strides.empty() && strides.size() != shape.size()) {
    throw Error(TENSOR_ERROR_INVALID_ARGUMENT, "from_blob: shape and strides differ in length");
  }
  return detail::tensor_over(data, shape, strides.empty() ? nullptr : strides.data(),
                             std::move(destroy), detail::with_dtype(options, dtype_of<T>::value));
}

}  // namespace tensor

#endif  // TENSOR_CPP_MEMORY_HPP
