// Handles that give themselves back, and short ways to make and read tensors through the C API.
#pragma once

#include <gtest/gtest.h>
#include <tensor/tensor.h>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "support/device.h"

namespace test {

using Shape = std::vector<int64_t>;
using Values = std::vector<double>;

// Owns a handle: that of a tensor, or of another kind with a release function of its own.
template <class Handle, tensor_status_t (*kRelease)(Handle*)>
class OwnedHandle {
 public:
  OwnedHandle() = default;
  explicit OwnedHandle(Handle* handle) : handle_(handle) {}
  OwnedHandle(OwnedHandle&& other) noexcept : handle_(other.give()) {}
  OwnedHandle& operator=(OwnedHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~OwnedHandle() { release(); }

  operator Handle*() const { return handle_; }  // NOLINT: stands wherever a handle does
  Handle** out() {
    release();
    return &handle_;
  }
  Handle* give() { return std::exchange(handle_, nullptr); }
  void release() { EXPECT_EQ(kRelease(give()), TENSOR_OK) << tensor_last_error(); }

 private:
  Handle* handle_ = nullptr;
};
using Owned = OwnedHandle<tensor_t, tensor_release>;
using OwnedNode = OwnedHandle<tensor_node_t, tensor_node_release>;
using OwnedHook = OwnedHandle<tensor_hook_t, tensor_hook_release>;
using OwnedFunction = OwnedHandle<tensor_function_t, tensor_function_release>;
using OwnedCancel = OwnedHandle<tensor_cancel_t, tensor_cancel_release>;

// The result of a function whose last parameter is `tensor_t** out`.
template <class F, class... Args>
Owned call(F* function, Args&&... args) {
  Owned result;
  EXPECT_EQ(function(std::forward<Args>(args)..., result.out()), TENSOR_OK) << tensor_last_error();
  return result;
}

// Options of an operation that differ from the defaults: With(&tensor_cat_options_t::dim, 1).
template <class T>
class With {
 public:
  template <class Field, class Value>
  With(Field T::*field, const Value& value) {
    add(field, value);
  }
  template <class Change>
  requires std::is_invocable_v<Change, T&>
  explicit With(Change&& change) { change(value_); }
  template <class Field, class Value>
  With& add(Field T::*field, const Value& value) {
    value_.*field = value;
    return *this;
  }
  const T* get() const { return &value_; }
  operator const T*() const { return get(); }  // NOLINT: stands where the C function wants it

 private:
  T value_{sizeof(T)};
};

#define OK(call) ASSERT_EQ(call, TENSOR_OK) << tensor_last_error()

inline tensor_options_t options(tensor_dtype_t dtype, bool requires_grad = false) {
  tensor_options_t result = tensor_options_default();
  result.dtype = dtype;
  result.device = device();
  result.requires_grad = requires_grad;
  return result;
}

// An operation that returns a list: its length is asked for first.
template <class F, class... Args>
std::vector<Owned> list(F* function, const Args&... args) {
  size_t count = 0;
  EXPECT_EQ(function(args..., nullptr, 0, &count), TENSOR_OK) << tensor_last_error();
  std::vector<tensor_t*> raw(count, nullptr);
  EXPECT_EQ(function(args..., raw.data(), count, &count), TENSOR_OK) << tensor_last_error();
  std::vector<Owned> results;
  for (tensor_t* t : raw) results.emplace_back(t);
  return results;
}

inline tensor_scalar_t number(double value) { return tensor_scalar_double(value); }
inline tensor_scalar_t integer(int64_t value) { return tensor_scalar_int64(value); }

template <class T>
constexpr tensor_dtype_t dtype_of() {
  if constexpr (std::is_same_v<T, uint8_t>)
    return TENSOR_UINT8;
  else if constexpr (std::is_same_v<T, int8_t>)
    return TENSOR_INT8;
  else if constexpr (std::is_same_v<T, int16_t>)
    return TENSOR_INT16;
  else if constexpr (std::is_same_v<T, int32_t>)
    return TENSOR_INT32;
  else if constexpr (std::is_same_v<T, int64_t>)
    return TENSOR_INT64;
  else if constexpr (std::is_same_v<T, float>)
    return TENSOR_FLOAT32;
  else
    return TENSOR_FLOAT64;
}

template <class T>
Owned from(const std::vector<T>& values, const Shape& shape, bool requires_grad = false) {
  const tensor_options_t settings = options(dtype_of<T>(), requires_grad);
  return call(tensor_from_data, values.data(), shape.data(), shape.size(), &settings);
}
// float64: exact enough to compare gradients with closed forms.
inline Owned plain(const Values& values) {
  return from(values, Shape{static_cast<int64_t>(values.size())});
}
inline Owned plain(const Values& values, const Shape& shape) { return from(values, shape); }
inline Owned leaf(const Values& values) {
  return from(values, Shape{static_cast<int64_t>(values.size())}, true);
}
inline Owned leaf(const Values& values, const Shape& shape) { return from(values, shape, true); }
inline Owned scalar_leaf(double value) { return leaf({value}, {}); }

inline Owned filled(const Shape& shape, double value, tensor_dtype_t dtype = TENSOR_FLOAT32,
                    bool requires_grad = false) {
  const tensor_options_t settings = options(dtype, requires_grad);
  return call(tensor_full, shape.data(), shape.size(), number(value), &settings);
}
inline Owned view(const tensor_t* t, const Shape& shape) {
  return call(tensor_view, t, shape.data(), shape.size());
}

inline Shape shape(const tensor_t* t) {
  size_t ndim = 0;
  EXPECT_EQ(tensor_shape(t, nullptr, 0, &ndim), TENSOR_OK) << tensor_last_error();
  Shape result(ndim);
  EXPECT_EQ(tensor_shape(t, result.data(), ndim, nullptr), TENSOR_OK) << tensor_last_error();
  return result;
}
inline Shape strides(const tensor_t* t) {
  size_t ndim = 0;
  EXPECT_EQ(tensor_strides(t, nullptr, 0, &ndim), TENSOR_OK) << tensor_last_error();
  Shape result(ndim);
  EXPECT_EQ(tensor_strides(t, result.data(), ndim, nullptr), TENSOR_OK) << tensor_last_error();
  return result;
}
inline int64_t numel(const tensor_t* t) {
  int64_t result = -1;
  EXPECT_EQ(tensor_numel(t, &result), TENSOR_OK) << tensor_last_error();
  return result;
}
inline tensor_dtype_t dtype(const tensor_t* t) {
  tensor_dtype_t result = TENSOR_DTYPE_DEFAULT;
  EXPECT_EQ(tensor_dtype(t, &result), TENSOR_OK) << tensor_last_error();
  return result;
}
inline uint32_t version(const tensor_t* t) {
  uint32_t result = 0;
  EXPECT_EQ(tensor_version_of(t, &result), TENSOR_OK) << tensor_last_error();
  return result;
}
inline bool requires_grad(const tensor_t* t) {
  bool result = false;
  EXPECT_EQ(tensor_requires_grad(t, &result), TENSOR_OK) << tensor_last_error();
  return result;
}
inline bool is_leaf(const tensor_t* t) {
  bool result = false;
  EXPECT_EQ(tensor_is_leaf(t, &result), TENSOR_OK) << tensor_last_error();
  return result;
}
inline bool is_same(const tensor_t* a, const tensor_t* b) {
  bool result = false;
  EXPECT_EQ(tensor_is_same(a, b, &result), TENSOR_OK) << tensor_last_error();
  return result;
}
inline OwnedNode grad_fn_node(const tensor_t* t) {
  OwnedNode result;
  EXPECT_EQ(tensor_grad_fn(t, result.out()), TENSOR_OK) << tensor_last_error();
  return result;
}
inline Owned grad(const tensor_t* t) { return call(tensor_grad, t); }

inline std::string text(const tensor_t* t) {
  size_t length = 0;
  EXPECT_EQ(tensor_to_string(t, nullptr, 0, &length), TENSOR_OK) << tensor_last_error();
  std::string result(length + 1, '?');
  EXPECT_EQ(tensor_to_string(t, result.data(), result.size(), nullptr), TENSOR_OK);
  result.resize(length);
  return result;
}
inline std::string grad_fn(const tensor_t* t) {
  char name[64] = "?";
  EXPECT_EQ(tensor_grad_fn_name(t, name, sizeof(name), nullptr), TENSOR_OK) << tensor_last_error();
  return name;
}

// One element of memory as a double. Half types are decoded by hand: not with the library's code.
inline double element(tensor_dtype_t dtype, const unsigned char* p) {
  const auto as = [p](auto value) {
    std::memcpy(&value, p, sizeof(value));
    return value;
  };
  switch (dtype) {
    case TENSOR_BOOL:
    case TENSOR_UINT8:
      return *p;
    case TENSOR_INT8:
      return as(int8_t{});
    case TENSOR_INT16:
      return as(int16_t{});
    case TENSOR_INT32:
      return as(int32_t{});
    case TENSOR_INT64:
      return static_cast<double>(as(int64_t{}));
    case TENSOR_FLOAT32:
      return as(float{});
    case TENSOR_FLOAT64:
      return as(double{});
    default:
      break;
  }
  const unsigned bits = as(uint16_t{});
  if (dtype == TENSOR_BFLOAT16) {
    const uint32_t word = bits << 16;
    float value;
    std::memcpy(&value, &word, sizeof(value));
    return value;
  }
  const int exponent = static_cast<int>(bits >> 10 & 31), fraction = static_cast<int>(bits & 1023);
  const double size = exponent == 31  ? (fraction ? NAN : INFINITY)
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(fraction + 1024, exponent - 25);
  return bits >> 15 ? -size : size;
}

// All elements in row-major order.
inline Values values(const tensor_t* t) {
  const tensor_dtype_t type = dtype(t);
  const size_t size = tensor_dtype_size(type), count = static_cast<size_t>(numel(t));
  std::vector<unsigned char> bytes(count * size);
  EXPECT_EQ(tensor_copy_to(t, bytes.data(), bytes.size()), TENSOR_OK) << tensor_last_error();
  Values result(count);
  for (size_t i = 0; i < count; ++i) result[i] = element(type, bytes.data() + i * size);
  return result;
}
inline double value(const tensor_t* t) {
  const Values all = values(t);
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? NAN : all[0];
}

// Every test ends with as many handles as it began with, and starts with recording on.
class TensorTest : public testing::Test {
 protected:
  void SetUp() override {
    live_ = tensor_live_handles();
    tensor_grad_enabled_set(true, nullptr);
  }
  void TearDown() override { EXPECT_EQ(tensor_live_handles(), live_) << "handles were leaked"; }

 private:
  size_t live_ = 0;
};

class NoGrad {
 public:
  explicit NoGrad(bool enabled = false) { tensor_grad_enabled_set(enabled, &previous_); }
  ~NoGrad() { tensor_grad_enabled_set(previous_, nullptr); }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool previous_ = true;
};

inline void expect_values(const tensor_t* t, const Values& expected) {
  EXPECT_EQ(values(t), expected);
}
inline void expect_near(const tensor_t* t, const Values& expected, double tolerance = 1e-12) {
  const Values actual = values(t);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i])))
        << "element " << i;
  }
}

}  // namespace test
