#include "tensor/data.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "arguments.h"
#include "autograd/history.h"
#include "autograd/user_data.h"
#include "callback.h"
#include "core/device_runtime.h"
#include "firewall.h"
#include "io/format.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "tensor/runtime.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(TENSOR_BOOL == static_cast<int>(DType::kBool) &&
              TENSOR_UINT8 == static_cast<int>(DType::kUInt8));
static_assert(TENSOR_INT8 == static_cast<int>(DType::kInt8) &&
              TENSOR_INT16 == static_cast<int>(DType::kInt16));
static_assert(TENSOR_INT32 == static_cast<int>(DType::kInt32) &&
              TENSOR_INT64 == static_cast<int>(DType::kInt64));
static_assert(TENSOR_FLOAT16 == static_cast<int>(DType::kFloat16));
static_assert(TENSOR_BFLOAT16 == static_cast<int>(DType::kBFloat16));
static_assert(TENSOR_FLOAT32 == static_cast<int>(DType::kFloat32));
static_assert(TENSOR_FLOAT64 == static_cast<int>(DType::kFloat64));
static_assert(TENSOR_CPU == static_cast<int>(DeviceType::kCpu) &&
              TENSOR_CUDA == static_cast<int>(DeviceType::kCuda));

namespace {

const ops::Options kOnCpu{DType::kUndefined, Device{}, false};

Tensor on_cpu(const Tensor& tensor) {
  const autograd::GradMode no_grad(false);
  return ops::to(tensor, kOnCpu);
}

void check_can_require_grad(const ops::Options& options, DType dtype) {
  check(!options.requires_grad || is_floating(dtype),
        "Only Tensors of floating point and complex dtype can require gradients");
}

void check_strides(Span shape, const int64_t* strides) {
  for (size_t i = 0; i < shape.size(); ++i) {
    check(strides[i] >= 0, "strides must not be negative, got ", strides[i], " for dim ", i);
  }
}

// Bytes from the first to the last element; throws where that does not fit into 63 bits.
size_t blob_bytes(Span shape, Span strides, size_t item) {
  checked_numel(shape, item);
  int64_t last = 0;
  bool overflow = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) return 0;
    int64_t step = 0;
    overflow |= __builtin_mul_overflow(shape[i] - 1, strides[i], &step);
    overflow |= __builtin_add_overflow(last, step, &last);
  }
  int64_t bytes = 0;
  overflow |= __builtin_add_overflow(last, 1, &last);
  overflow |= __builtin_mul_overflow(last, static_cast<int64_t>(item), &bytes);
  check(!overflow, "Storage size calculation overflowed with sizes=", Dims(shape),
        " and strides=", Dims(strides));
  return static_cast<size_t>(bytes);
}

void copy_out(const Dims& values, int64_t* out, size_t capacity, size_t* count, const char* name) {
  check_room(out, capacity, name);
  if (count) *count = values.size();
  std::copy_n(values.begin(), std::min<size_t>(capacity, values.size()), out);
}

// Gives memory back to the host.
void end_blob(void* context) {
  const std::unique_ptr<const autograd::UserData> owner(
      static_cast<const autograd::UserData*>(context));
  call_destroy(*owner);
}

// Refuses memory of the host that is not for all elements of the tensor.
void check_memory(const Tensor& tensor, const void* data, size_t bytes) {
  const size_t needed = tensor.numel() * size_of(tensor.dtype());
  check(bytes == needed, "bytes is ", bytes, ", but the tensor's elements take ", needed);
  check(data != nullptr || bytes == 0, "data must not be NULL");
}

// The tensor's one element.
Scalar item_of(const tensor_t* t) {
  const Tensor& tensor = tensor_of(t, "t");
  check(tensor.numel() == 1, "a Tensor with ", tensor.numel(),
        " elements cannot be converted to Scalar");
  return Scalar::load(tensor.dtype(), on_cpu(tensor).data());
}

}  // namespace

tensor_status_t tensor_from_data(const void* data, const int64_t* shape, size_t ndim,
                                 const tensor_options_t* options, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Span sizes = span_of(shape, ndim, "shape");
    ops::Options settings = options_of(options);
    const Device device = settings.device_or(Device{});
    check_can_require_grad(settings, settings.dtype_or(DType::kFloat32));
    const bool requires_grad = std::exchange(settings.requires_grad, false);
    settings.device = Device{};
    Tensor tensor = ops::empty(sizes, settings);
    check(data != nullptr || tensor.numel() == 0, "data must not be NULL");
    if (tensor.numel() > 0)
      std::memcpy(tensor.data(), data, tensor.numel() * size_of(tensor.dtype()));
    if (!(device == tensor.device())) tensor = ops::to(tensor, {DType::kUndefined, device, false});
    if (requires_grad) autograd::set_requires_grad(tensor, true);
    *out = new_handle(std::move(tensor));
  });
}

tensor_status_t tensor_from_blob(void* data, const int64_t* shape, const int64_t* strides,
                                 size_t ndim, const tensor_options_t* options,
                                 void (*destroy)(void* user), void* user, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Span sizes = span_of(shape, ndim, "shape");
    check_sizes(sizes);
    const ops::Options settings = options_of(options);
    const DType dtype = settings.dtype_or(DType::kFloat32);
    const Device device = settings.device_or(Device{});
    runtime_for(device);  // throws where there is no such device
    check_can_require_grad(settings, dtype);
    checked_numel(sizes, size_of(dtype));
    if (strides) check_strides(sizes, strides);
    const Dims steps = strides ? Dims(Span(strides, ndim)) : contiguous_strides(sizes);
    const size_t bytes = blob_bytes(sizes, steps, size_of(dtype));
    check(data != nullptr || bytes == 0, "data must not be NULL");
    check(reinterpret_cast<uintptr_t>(data) % size_of(dtype) == 0,
          "data must be aligned to the size of an element, ", size_of(dtype), " bytes");
    std::unique_ptr<autograd::UserData> owner;
    if (destroy) owner.reset(new autograd::UserData{user, destroy});
    Tensor tensor = Tensor::over(Storage::share(data, bytes, device), sizes, steps, dtype);
    if (settings.requires_grad) autograd::set_requires_grad(tensor, true);
    Storage& storage = tensor.storage();
    *out = new_handle(std::move(tensor));
    // Last: on failure the memory stays the caller's.
    if (owner) storage.set_deleter(end_blob, owner.release());
  });
}

tensor_status_t tensor_ndim(const tensor_t* t, size_t* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.ndim(); });
}

tensor_status_t tensor_size(const tensor_t* t, int64_t dim, int64_t* out) {
  return guard([&] {
    check_result(out, "out");
    const Tensor& tensor = tensor_of(t, "t");
    check_as(Status::kIndexError, tensor.ndim() > 0, "Dimension specified as ", dim,
             " but tensor has no dimensions");
    *out = tensor.size(dim);
  });
}

tensor_status_t tensor_numel(const tensor_t* t, int64_t* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.numel(); });
}

tensor_status_t tensor_stride(const tensor_t* t, int64_t dim, int64_t* out) {
  return guard([&] {
    check_result(out, "out");
    const Tensor& tensor = tensor_of(t, "t");
    check_as(Status::kIndexError, tensor.ndim() > 0, "Dimension specified as ", dim,
             " but tensor has no dimensions");
    *out = tensor.strides()[wrap_dim(dim, tensor.ndim())];
  });
}

tensor_status_t tensor_storage_offset(const tensor_t* t, int64_t* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.offset(); });
}

tensor_status_t tensor_is_contiguous(const tensor_t* t, bool* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.is_contiguous(); });
}

tensor_status_t tensor_shape(const tensor_t* t, int64_t* shape, size_t capacity, size_t* ndim) {
  return guard([&] { copy_out(tensor_of(t, "t").shape(), shape, capacity, ndim, "shape"); });
}

tensor_status_t tensor_strides(const tensor_t* t, int64_t* strides, size_t capacity, size_t* ndim) {
  return guard([&] { copy_out(tensor_of(t, "t").strides(), strides, capacity, ndim, "strides"); });
}

tensor_status_t tensor_dtype(const tensor_t* t, tensor_dtype_t* out) {
  return read_tensor(
      t, out, [](const Tensor& tensor) { return static_cast<tensor_dtype_t>(tensor.dtype()); });
}

tensor_status_t tensor_device(const tensor_t* t, tensor_device_t* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return to_c(tensor.device()); });
}

size_t tensor_dtype_size(tensor_dtype_t dtype) {
  return dtype >= TENSOR_BOOL && dtype <= TENSOR_FLOAT64 ? size_of(static_cast<DType>(dtype)) : 0;
}

const char* tensor_dtype_name(tensor_dtype_t dtype) {
  return dtype >= TENSOR_BOOL && dtype <= TENSOR_FLOAT64 ? name_of(static_cast<DType>(dtype))
                                                         : "undefined";
}

tensor_status_t tensor_dtype_from_name(const char* name, tensor_dtype_t* out) {
  return guard([&] {
    check_result(out, "out");
    check(name != nullptr, "name must not be NULL");
    constexpr std::pair<std::string_view, DType> kOtherNames[] = {
        {"half", DType::kFloat16}, {"float", DType::kFloat32}, {"double", DType::kFloat64},
        {"short", DType::kInt16},  {"int", DType::kInt32},     {"long", DType::kInt64}};
    const std::string_view wanted = name;
    for (int32_t code = TENSOR_BOOL; code <= TENSOR_FLOAT64; ++code) {
      if (wanted == name_of(static_cast<DType>(code))) {
        *out = code;
        return;
      }
    }
    for (const auto& [other, dtype] : kOtherNames) {
      if (wanted == other) {
        *out = static_cast<tensor_dtype_t>(dtype);
        return;
      }
    }
    fail(Status::kValueError, "name is '", name, "', which no dtype has");
  });
}

tensor_status_t tensor_promote_types(tensor_dtype_t a, tensor_dtype_t b, tensor_dtype_t* out) {
  return guard([&] {
    check_result(out, "out");
    const DType first = named_dtype_of(a, "a"), second = named_dtype_of(b, "b");
    *out = static_cast<tensor_dtype_t>(promote(first, second));
  });
}

tensor_status_t tensor_data(const tensor_t* t, void** out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.data(); });
}

tensor_status_t tensor_version_of(const tensor_t* t, uint32_t* out) {
  return guard([&] {
    check_result(out, "out");
    const Tensor& tensor = tensor_of(t, "t");
    check(!tensor.impl()->inference, "Inference tensors do not track version counter.");
    *out = tensor.version();
  });
}

tensor_status_t tensor_increment_version(tensor_t* t) {
  return guard([&] {
    const Tensor& tensor = tensor_of(t, "t");
    if (!tensor.impl()->inference) tensor.storage().bump_version("increment_version");
  });
}

tensor_status_t tensor_is_same(const tensor_t* a, const tensor_t* b, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = tensor_of(a, "a").is_same(tensor_of(b, "b"));
  });
}

tensor_status_t tensor_item(const tensor_t* t, tensor_scalar_t* out) {
  return guard([&] {
    check_result(out, "out");
    const Scalar value = item_of(t);
    switch (value.dtype()) {
      case DType::kBool:
        *out = tensor_scalar_bool(value.to<bool>());
        break;
      case DType::kInt64:
        *out = tensor_scalar_int64(value.to<int64_t>());
        break;
      default:
        *out = tensor_scalar_double(value.to<double>());
    }
  });
}

tensor_status_t tensor_item_double(const tensor_t* t, double* out) {
  return guard([&] {
    check_result(out, "out");
    *out = item_of(t).to<double>();
  });
}

tensor_status_t tensor_item_int64(const tensor_t* t, int64_t* out) {
  return guard([&] {
    check_result(out, "out");
    const Scalar value = item_of(t);
    constexpr double kEnd = 9223372036854775808.0;  // 2^63
    const double number = value.to<double>();
    check(!is_floating(value.dtype()) || (number >= -kEnd && number < kEnd),
          "value cannot be converted to type int64_t without overflow");
    *out = value.to<int64_t>();
  });
}

tensor_status_t tensor_item_bool(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = item_of(t).to<bool>();
  });
}

tensor_status_t tensor_copy_to(const tensor_t* t, void* data, size_t bytes) {
  return guard([&] {
    const Tensor& tensor = tensor_of(t, "t");
    check_memory(tensor, data, bytes);
    const autograd::GradMode no_grad(false);
    if (bytes == 0) return;
    const Tensor elements = ops::contiguous(on_cpu(tensor));
    const auto* const from = static_cast<const unsigned char*>(elements.data());
    if (elements.dtype() == DType::kBool) {
      // Memory that was never written, or written as another dtype, holds other bytes than 0 and 1.
      std::transform(from, from + bytes, static_cast<unsigned char*>(data),
                     [](unsigned char byte) { return byte != 0; });
    } else {
      std::memcpy(data, from, bytes);
    }
  });
}

tensor_status_t tensor_copy_from(tensor_t* t, const void* data, size_t bytes) {
  return guard([&] {
    const Tensor& tensor = tensor_of(t, "t");
    check_memory(tensor, data, bytes);
    const Tensor elements = ops::empty(tensor.shape(), {.dtype = tensor.dtype()});
    if (bytes > 0) std::memcpy(elements.data(), data, bytes);
    ops::copy_(tensor, elements);
  });
}

tensor_status_t tensor_to_string(const tensor_t* t, char* buffer, size_t capacity, size_t* length) {
  return guard([&] { copy_string(to_string(tensor_of(t, "t")), buffer, capacity, length); });
}
