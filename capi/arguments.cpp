#include "arguments.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "object_handles.h"

// Layouts that compiled programs rely on: fields may only be added at the end.
static_assert(sizeof(tensor_scalar_t) == 24 && offsetof(tensor_scalar_t, value) == 8);
static_assert(sizeof(tensor_device_t) == 8 && offsetof(tensor_device_t, index) == 4);
static_assert(offsetof(tensor_options_t, dtype) == 8 && offsetof(tensor_options_t, device) == 12 &&
              offsetof(tensor_options_t, requires_grad) == 20 && sizeof(tensor_options_t) == 24);

namespace libtensor::capi {

void refuse_handle(const tensor_t* handle, const char* name) {
  if (!handle) fail(Status::kInvalidHandle, name, " must not be NULL");
  if (const char* other = object_kind_name(reinterpret_cast<uint64_t>(handle)))
    fail(Status::kInvalidHandle, name, " is the handle of a ", other, ", not of a tensor");
  fail(Status::kInvalidHandle, name,
       " is not a live tensor handle: it was released, or is not from this library");
}

TensorList::TensorList(tensor_t* const* handles, size_t count, const char* name, Nulls nulls) {
  check(handles != nullptr || count == 0, name, " must not be NULL");
  check_count(count, name);
  tensors_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    tensors_.push_back(nulls == Nulls::kUndefined ? optional_tensor_of(handles[i], name)
                                                  : tensor_of(handles[i], name));
  }
}

Span span_of(const int64_t* values, size_t count, const char* name) {
  check(values != nullptr || count == 0, name, " must not be NULL");
  check(count <= kMaxDims, name, " has ", count, " entries; at most ", kMaxDims,
        " dimensions are supported");
  return {values, count};
}

Span list_of(const int64_t* values, size_t count, const char* name) {
  check(values != nullptr || count == 0, name, " must not be NULL");
  check_count(count, name);
  return {values, count};
}

Scalar scalar_of(const tensor_scalar_t& scalar, const char* name) {
  switch (scalar.dtype) {
    case TENSOR_BOOL:
      return Scalar(scalar.value.boolean);
    case TENSOR_INT64:
      return Scalar(scalar.value.int64);
    case TENSOR_UINT64:
      return Scalar(scalar.value.uint64);
    case TENSOR_FLOAT64:
      return Scalar(scalar.value.float64);
    default:
      fail(Status::kInvalidArgument, name,
           " is not a number: make it with tensor_scalar_double, _int64, _uint64 or _bool");
  }
}

DType dtype_of(tensor_dtype_t dtype, const char* name) {
  if (dtype == TENSOR_DTYPE_DEFAULT) return DType::kUndefined;
  check(dtype >= TENSOR_BOOL && dtype <= TENSOR_FLOAT64, name, " has the unknown dtype ", dtype);
  return static_cast<DType>(dtype);
}

DType named_dtype_of(tensor_dtype_t dtype, const char* name) {
  check(dtype != TENSOR_DTYPE_DEFAULT, name,
        " is TENSOR_DTYPE_DEFAULT, but must name a dtype here");
  return dtype_of(dtype, name);
}

Device device_of(tensor_device_t device, const char* name) {
  check(device.type >= TENSOR_DEVICE_DEFAULT && device.type <= TENSOR_CUDA, name,
        " has the unknown device type ", device.type);
  if (device.type == TENSOR_CUDA && device.index == -1) device.index = current_cuda_device();
  check(device.index >= 0 && device.index < INT16_MAX, name, " has the device index ",
        device.index);
  check(device.type == TENSOR_CUDA || device.index == 0, name, " has the device index ",
        device.index, ", but there is one CPU device, 0");
  return {static_cast<DeviceType>(device.type), static_cast<int16_t>(device.index)};
}

ops::Options options_of(const tensor_options_t* options) {
  if (!options) return {};
  // A caller of this version has all fields; one of a later version more, which an older library
  // does not read.
  check(options->struct_size >= sizeof(tensor_options_t), "options.struct_size is ",
        options->struct_size, ": start from tensor_options_default()");
  return {dtype_of(options->dtype, "options.dtype"), device_of(options->device, "options.device"),
          options->requires_grad};
}

void read_options(void* known, size_t size, const void* given) {
  // Longer ones were never made: so little is read of a struct_size that nobody set.
  constexpr size_t kMostOptions = 1024;
  size_t given_size;
  std::memcpy(&given_size, given, sizeof(given_size));
  check(given_size >= sizeof(size_t) && given_size % alignof(size_t) == 0 &&
            given_size <= kMostOptions,
        "options.struct_size is ", given_size, ", expected the size of the struct, ", size);
  std::memcpy(known, given, std::min(size, given_size));
  const auto* bytes = static_cast<const unsigned char*>(given);
  for (size_t i = size; i < given_size; ++i) {
    check(bytes[i] == 0, "options have a field at byte ", i,
          " that this version of the library does not know");
  }
}

Scalar scalar_or(const tensor_scalar_t& given, Scalar otherwise, const char* name) {
  return given.dtype == TENSOR_DTYPE_DEFAULT ? otherwise : scalar_of(given, name);
}

DType dtype_or(tensor_dtype_t given, DType otherwise, const char* name) {
  return given == TENSOR_DTYPE_DEFAULT ? otherwise : dtype_of(given, name);
}

std::optional<DType> optional_dtype_of(tensor_dtype_t given, const char* name) {
  if (given == TENSOR_DTYPE_DEFAULT) return {};
  return dtype_of(given, name);
}

Device device_or(tensor_device_t given, Device otherwise, const char* name) {
  const bool unset = given.type == TENSOR_DEVICE_DEFAULT && given.index == 0;
  return unset ? otherwise : device_of(given, name);
}

void refuse_options(const tensor_options_t* given, const char* name) {
  check(given == nullptr, name, " must be NULL where there is an output");
}

void new_handles(std::span<const Tensor> tensors, tensor_t** outs) {
  std::vector<tensor_t*> handles(tensors.size(), nullptr);
  try {
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].defined()) handles[i] = new_handle(tensors[i]);
    }
  } catch (...) {
    for (tensor_t* handle : handles) release_handle(handle);
    throw;
  }
  std::copy(handles.begin(), handles.end(), outs);
}

void new_handles(std::initializer_list<Tensor> tensors, std::initializer_list<tensor_t**> outs) {
  std::vector<tensor_t*> handles(tensors.size());
  new_handles({tensors.begin(), tensors.size()}, handles.data());
  for (size_t i = 0; i < outs.size(); ++i) *outs.begin()[i] = handles[i];
}

void check_list(tensor_t** out, size_t capacity, size_t* out_count) {
  check_result(out_count, "out_count");
  check_room(out, capacity, "out");
}

bool has_room(int64_t count, size_t capacity, size_t* out_count) {
  check(capacity == 0 || capacity >= static_cast<size_t>(count), "capacity is ", capacity,
        ", but there are ", count, " results");
  if (capacity == 0) *out_count = static_cast<size_t>(count);
  return capacity != 0;
}

void new_list(std::span<const Tensor> tensors, tensor_t** out, size_t* out_count) {
  new_handles(tensors, out);
  *out_count = tensors.size();
}

void copy_string(const std::string& text, char* buffer, size_t capacity, size_t* length) {
  check_room(buffer, capacity, "buffer");
  if (length) *length = text.size();
  if (capacity == 0) return;
  const size_t count = std::min(text.size(), capacity - 1);
  std::memcpy(buffer, text.data(), count);
  buffer[count] = '\0';
}

}  // namespace libtensor::capi
