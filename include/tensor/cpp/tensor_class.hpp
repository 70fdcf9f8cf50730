// The class Tensor: one handle, and what can be read off a tensor.
#ifndef TENSOR_CPP_TENSOR_CLASS_HPP
#define TENSOR_CPP_TENSOR_CLASS_HPP

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tensor/autograd.h"
#include "tensor/cpp/int_list.hpp"
#include "tensor/cpp/methods.hpp"
#include "tensor/cpp/options.hpp"
#include "tensor/data.h"
#include "tensor/handle.h"

namespace tensor {

class BackwardOptions;

// Owns one handle. A copy is a second handle of the same tensor, as in PyTorch; clone() copies the
// elements. Every call may throw tensor::Error. The operations are inherited from detail::Methods.
class Tensor : public detail::Methods {
 public:
  Tensor() noexcept : handle_(nullptr) {}
  Tensor(const Tensor& other) : handle_(nullptr) {
    if (other.handle_) detail::check(tensor_retain(other.handle_, &handle_));
  }
  Tensor(Tensor&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Tensor& operator=(Tensor other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Tensor() {
    if (handle_) tensor_release(handle_);
  }

  // Takes over a handle from the C functions; release() is the way back.
  static Tensor own(tensor_t* handle) noexcept {
    Tensor result;
    result.handle_ = handle;
    return result;
  }
  tensor_t* release() noexcept {
    tensor_t* handle = handle_;
    handle_ = nullptr;
    return handle;
  }
  tensor_t* handle() const noexcept { return handle_; }
  bool defined() const noexcept { return handle_ != nullptr; }

  // A copy of row-major elements. Without a dtype in the options it is that of T.
  template <typename T>
  static Tensor from_data(const T* data, const IntList& shape, Options options = Options());
  template <typename T>
  static Tensor from_data(const std::vector<T>& data, const IntList& shape,
                          const Options& options = Options());
  template <typename T>
  static Tensor from_data(const std::vector<T>& data);

  // A tensor over the caller's memory, without a copy. `destroy` is called once, when nothing uses
  // the memory any more; not if this throws.
  template <typename T>
  static Tensor from_blob(T* data, const IntList& shape, Options options = Options());
  template <typename T>
  static Tensor from_blob(T* data, const IntList& shape, const IntList& strides,
                          std::function<void(void*)> destroy, Options options = Options());

  // ---- shape
  int64_t dim() const {
    size_t out;
    detail::check(tensor_ndim(handle_, &out));
    return static_cast<int64_t>(out);
  }
  int64_t numel() const { return read<int64_t>(tensor_numel); }
  int64_t size(int64_t dim) const {
    int64_t out;
    detail::check(tensor_size(handle_, dim, &out));
    return out;
  }
  int64_t stride(int64_t dim) const {
    int64_t out;
    detail::check(tensor_stride(handle_, dim, &out));
    return out;
  }
  std::vector<int64_t> shape() const { return read_list(tensor_shape); }
  std::vector<int64_t> sizes() const { return shape(); }
  std::vector<int64_t> strides() const { return read_list(tensor_strides); }
  int64_t storage_offset() const { return read<int64_t>(tensor_storage_offset); }
  bool is_contiguous() const { return read<bool>(tensor_is_contiguous); }

  // ---- elements
  DType dtype() const { return static_cast<DType>(read<tensor_dtype_t>(tensor_dtype)); }
  Device device() const { return Device(read<tensor_device_t>(tensor_device)); }
  bool is_cuda() const { return device().is_cuda(); }
  uint32_t version() const { return read<uint32_t>(tensor_version_of); }
  // After a change through data_ptr() that autograd has not seen.
  void increment_version() { detail::check(tensor_increment_version(handle_)); }
  void* data_ptr() const { return read<void*>(tensor_data); }
  // The first element, of a tensor on the CPU whose dtype is that of T. Mind the strides.
  template <typename T>
  T* data() const {
    expect_dtype(dtype_of<T>::value);
    return static_cast<T*>(data_ptr());
  }
  Scalar item() const { return Scalar(read<tensor_scalar_t>(tensor_item)); }
  template <typename T>
  T item() const {
    return item().to<T>();
  }
  // All elements, in row-major order, of a tensor whose dtype is that of T.
  template <typename T>
  std::vector<T> to_vector() const;
  std::string str() const { return read_text(tensor_to_string); }
  bool is_same(const Tensor& other) const {
    bool out;
    detail::check(tensor_is_same(handle_, other.handle_, &out));
    return out;
  }

  using Methods::to;
  Tensor to(DType dtype) const { return to(Options(dtype)); }
  Tensor to(const Device& device) const { return to(Options(device)); }
  Tensor to(const Device& device, DType dtype) const { return to(Options(device, dtype)); }
  // The part at position i of the first dim.
  Tensor operator[](int64_t i) const { return select(0, i); }

  // ---- gradients
  Tensor& requires_grad_(bool requires_grad = true) {
    detail::check(tensor_set_requires_grad(handle_, requires_grad));
    return *this;
  }
  bool requires_grad() const { return read<bool>(tensor_requires_grad); }
  bool is_leaf() const { return read<bool>(tensor_is_leaf); }
  // Undefined where there is none.
  Tensor grad() const { return own(read<tensor_t*>(tensor_grad)); }
  // An undefined tensor clears it.
  void set_grad(const Tensor& gradient) {
    detail::check(tensor_set_grad(handle_, gradient.handle_));
  }
  // "MulBackward0"; empty for a leaf.
  std::string grad_fn_name() const { return read_text(tensor_grad_fn_name); }
  Tensor& detach_() {
    detail::check(tensor_detach_(handle_));
    return *this;
  }
  void backward() const { detail::check(tensor_backward(handle_)); }
  void backward(const Tensor& gradient) const;
  void backward(const Tensor& gradient, const BackwardOptions& options) const;
  void backward(const BackwardOptions& options) const;
  // Lets a tensor that is no leaf keep its gradient, as leaves do.
  void retain_grad() const { detail::check(tensor_retain_grad(handle_)); }
  bool retains_grad() const { return read<bool>(tensor_retains_grad); }
  // Is it a view of another tensor, for autograd?
  bool is_view() const { return read<bool>(tensor_is_view); }
  bool is_inference() const { return read<bool>(tensor_is_inference); }

 private:
  using TextFunction = tensor_status_t (*)(const tensor_t*, char*, size_t, size_t*);
  using ListFunction = tensor_status_t (*)(const tensor_t*, int64_t*, size_t, size_t*);

  template <typename T>
  T read(tensor_status_t (*function)(const tensor_t*, T*)) const {
    T out;
    detail::check(function(handle_, &out));
    return out;
  }
  std::vector<int64_t> read_list(ListFunction function) const;
  std::string read_text(TextFunction function) const;
  void expect_dtype(DType expected) const;

  tensor_t* handle_;
};

namespace detail {

inline Tensor& Methods::self() { return static_cast<Tensor&>(*this); }
inline const Tensor& Methods::self() const { return static_cast<const Tensor&>(*this); }

}  // namespace detail

inline std::vector<int64_t> Tensor::read_list(ListFunction function) const {
  std::vector<int64_t> values(static_cast<size_t>(dim()));
  size_t count;
  detail::check(function(handle_, values.data(), values.size(), &count));
  return values;
}

inline std::string Tensor::read_text(TextFunction function) const {
  char few[512];
  size_t length;
  detail::check(function(handle_, few, sizeof(few), &length));
  if (length < sizeof(few)) return std::string(few, length);
  std::string text(length + 1, '\0');
  detail::check(function(handle_, &text[0], text.size(), &length));
  text.resize(length);
  return text;
}

inline void Tensor::expect_dtype(DType expected) const {
  const DType found = dtype();
  if (found == expected) return;
  throw Error(TENSOR_ERROR_INVALID_ARGUMENT,
              std::string("expected scalar type ") + name(expected) + " but found " + name(found));
}

template <typename T>
std::vector<T> Tensor::to_vector() const {
  expect_dtype(dtype_of<T>::value);
  std::vector<T> values(static_cast<size_t>(numel()));
  detail::check(tensor_copy_to(handle_, values.data(), values.size() * sizeof(T)));
  return values;
}

// std::vector<bool> has no array to copy to.
template <>
inline std::vector<bool> Tensor::to_vector<bool>() const {
  expect_dtype(DType::Bool);
  std::vector<unsigned char> bytes(static_cast<size_t>(numel()));
  detail::check(tensor_copy_to(handle_, bytes.data(), bytes.size()));
  return std::vector<bool>(bytes.begin(), bytes.end());
}

inline std::ostream& operator<<(std::ostream& out, const Tensor& t) {
  return out << (t.defined() ? t.str() : std::string("undefined"));
}

}  // namespace tensor

#endif  // TENSOR_CPP_TENSOR_CLASS_HPP
