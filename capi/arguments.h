// Turns what C callers pass into the library's own types, or refuses it, naming the argument.
#pragma once

#include <initializer_list>
#include <vector>

#include "core/in_use.h"
#include "firewall.h"
#include "generated/enums.h"
#include "handles.h"
#include "ops/types.h"

namespace libtensor::capi {

[[noreturn, gnu::cold]] void refuse_handle(const tensor_t* handle, const char* name);

// The tensor stays where it is: valid until the handle is released. No other thread changes its
// shape, memory or history before this call ends.
[[gnu::always_inline]] inline const Tensor& tensor_of(const tensor_t* handle, const char* name) {
  const Slot* slot = find_slot(handle);
  if (!slot) [[unlikely]]
    refuse_handle(handle, name);
  use(*slot->tensor.impl(), name);
  return slot->tensor;
}

template <class Out, class Read>
[[gnu::cold, gnu::noinline]] tensor_status_t read_slowly(const tensor_t* t, Out* out, Read read,
                                                         std::source_location where) noexcept {
  return guard(
      [&] {
        check(out != nullptr, "out must not be NULL");
        *out = read(tensor_of(t, "t"));
      },
      where);
}

// A call that writes what `read` sees in the tensor. It allocates nothing and calls nothing, so it
// needs no name, and no scope for its one use.
template <class Out, class Read>
inline tensor_status_t read_tensor(
    const tensor_t* t, Out* out, Read read,
    std::source_location where = std::source_location::current()) noexcept {
  const Slot* const slot = find_slot(t);
  const bool is_read =
      slot && out && read_quickly(*slot->tensor.impl(), [&] { *out = read(slot->tensor); });
  return is_read ? TENSOR_OK : read_slowly(t, out, read, where);
}

inline Tensor optional_tensor_of(const tensor_t* handle, const char* name) {
  return handle ? tensor_of(handle, name) : Tensor();
}

// A list of handles as tensors.
class TensorList {
 public:
  enum class Nulls { kRefused, kUndefined };

  TensorList(tensor_t* const* handles, size_t count, const char* name,
             Nulls nulls = Nulls::kRefused);
  operator std::span<const Tensor>() const {
    return tensors_;
  }  // NOLINT: stands where a span is asked for

 private:
  std::vector<Tensor> tensors_;
};

inline void check_result(const void* out, const char* name) {
  check(out != nullptr, name, " must not be NULL");
}

inline void check_room(const void* out, size_t capacity, const char* name) {
  check(out != nullptr || capacity == 0, name, " must not be NULL where capacity is not 0");
}

// A list that its caller says is that long cannot be there.
inline void check_count(size_t count, const char* name) {
  constexpr size_t kMost = INT32_MAX;
  check(count <= kMost, name, " has ", count, " entries; at most ", kMost, " are supported");
}

// A shape or strides: at most kMaxDims of them.
Span span_of(const int64_t* values, size_t count, const char* name);
// Other numbers: as many as a Dims holds.
Span list_of(const int64_t* values, size_t count, const char* name);
Scalar scalar_of(const tensor_scalar_t& scalar, const char* name);
DType dtype_of(tensor_dtype_t dtype, const char* name);        // DEFAULT gives kUndefined
DType named_dtype_of(tensor_dtype_t dtype, const char* name);  // DEFAULT is refused
Device device_of(tensor_device_t device, const char* name);
ops::Options options_of(const tensor_options_t* options);

// Copies an operation's options of any version: what an older caller's lack is zeros, and what this
// version does not know must be zeros.
void read_options(void* known, size_t size, const void* given);

template <class T>
T given_options(const T* given) {
  T known{};
  if (given) read_options(&known, sizeof(T), given);
  return known;
}

// Fields of options, where zeros stand for a default.
inline int64_t value_or(const tensor_optional_int64_t& given, int64_t otherwise) {
  return given.has_value ? given.value : otherwise;
}
inline double value_or(const tensor_optional_double_t& given, double otherwise) {
  return given.has_value ? given.value : otherwise;
}
inline bool value_or(const tensor_optional_bool_t& given, bool otherwise) {
  return given.has_value ? given.value : otherwise;
}
Scalar scalar_or(const tensor_scalar_t& given, Scalar otherwise, const char* name);
std::optional<DType> optional_dtype_of(tensor_dtype_t given, const char* name);
DType dtype_or(tensor_dtype_t given, DType otherwise, const char* name);
Device device_or(tensor_device_t given, Device otherwise, const char* name);
// Where there is an output, which brings its own.
void refuse_options(const tensor_options_t* given, const char* name);

inline tensor_device_t to_c(Device device) {
  return {static_cast<tensor_device_type_t>(device.type), device.index};
}

// Gives each tensor a handle (NULL where it is undefined), or none.
void new_handles(std::span<const Tensor> tensors, tensor_t** outs);
void new_handles(std::initializer_list<Tensor> tensors, std::initializer_list<tensor_t**> outs);

// A list of results goes out into an array of the caller's: as the header ops.h says.
void check_list(tensor_t** out, size_t capacity, size_t* out_count);
// Whether the results, of which there are `count`, are to be made; writes the count where they are
// not. Throws where they do not fit.
bool has_room(int64_t count, size_t capacity, size_t* out_count);
void new_list(std::span<const Tensor> tensors, tensor_t** out, size_t* out_count);

// Hands a string out as snprintf does.
void copy_string(const std::string& text, char* buffer, size_t capacity, size_t* length);

}  // namespace libtensor::capi
