// Functions that the library calls back: they do what they should, or whatever a callback may do
// wrong.
#pragma once

#include <tensor/tensor.h>

#include <cstddef>

namespace test {

struct Registration;

// What a callback was given, and may write.
struct Lent {
  tensor_t* const* read = nullptr;
  size_t read_count = 0;
  tensor_t** written = nullptr;
  size_t written_count = 0;
  bool last = false;  // it is the call of destroy
};
tensor_status_t answer(Registration* registration, const Lent& lent);
tensor_status_t compute(Registration* registration, const Lent& lent);
tensor_status_t derive(Registration* registration, const Lent& lent);
tensor_status_t pack(Registration* registration, tensor_t* t, void** packed);
tensor_status_t unpack(Registration* registration, void* packed, tensor_t** out);
void discard(Registration* registration, void* packed);
tensor_status_t locate(Registration* registration, char* buffer, size_t capacity, size_t* length);
bool relieve(Registration* registration);
void* allocate(Registration* registration, uint64_t bytes);
void give_back(Registration* registration, void* data, uint64_t bytes);
void destroyed(Registration* registration);

// --- one for each type of callback in the headers; a new type does not compile before it is here
inline tensor_status_t called(Registration* r, tensor_t** grad) {
  return answer(r, {grad, 1, grad, 1});
}
inline tensor_status_t called(Registration* r, tensor_t* t) {
  return answer(r, {&t, 1, nullptr, 0});
}
inline tensor_status_t called(Registration* r, tensor_t* const* all, size_t count) {
  return answer(r, {all, count, nullptr, 0});
}
inline tensor_status_t called(Registration* r, tensor_t** all, size_t count) {
  return answer(r, {all, count, all, count});
}
inline tensor_status_t called(Registration* r, tensor_t** inputs, size_t input_count,
                              tensor_t* const* outputs, size_t output_count) {
  return answer(r, {outputs, output_count, inputs, input_count});
}
inline tensor_status_t called(Registration* r, tensor_t* const* inputs, size_t input_count,
                              tensor_t** outputs, size_t output_count) {
  return compute(r, {inputs, input_count, outputs, output_count});
}
inline tensor_status_t called(Registration* r, tensor_function_t*, tensor_t* const* outputs,
                              size_t output_count, tensor_t** inputs, size_t input_count) {
  return derive(r, {outputs, output_count, inputs, input_count});
}
inline tensor_status_t called(Registration* r) { return answer(r, {}); }
tensor_status_t called(Registration* r, const char* warning);
inline tensor_status_t called(Registration* r, tensor_t* t, void** packed) {
  return pack(r, t, packed);
}
inline tensor_status_t called(Registration* r, void* packed, tensor_t** out) {
  return unpack(r, packed, out);
}
inline tensor_status_t called(Registration* r, char* buffer, size_t capacity, size_t* length) {
  return locate(r, buffer, capacity, length);
}

// Whether there is a world that the callback of a registration can act in.
bool is_alive(const void* registration);

// Becomes a pointer to a function of whatever type it is wanted as.
class AnyCallback {
  template <class R, class... Args>
  using Pointer = R (*)(void*, Args...);

 public:
  explicit AnyCallback(bool null) : null_(null) {}

  template <class... Args>
  operator Pointer<tensor_status_t, Args...>() const {
    if (null_) return nullptr;
    return [](void* user, Args... args) -> tensor_status_t {
      return is_alive(user) ? called(static_cast<Registration*>(user), args...) : TENSOR_OK;
    };
  }
  operator Pointer<void>() const {
    if (null_) return nullptr;
    return [](void* user) { destroyed(static_cast<Registration*>(user)); };
  }
  operator Pointer<void, void*>() const {
    if (null_) return nullptr;
    return [](void* user, void* packed) { discard(static_cast<Registration*>(user), packed); };
  }
  operator Pointer<bool, tensor_device_t, uint64_t>() const {
    if (null_) return nullptr;
    return [](void* user, tensor_device_t, uint64_t) {
      return relieve(static_cast<Registration*>(user));
    };
  }
  operator Pointer<void*, uint64_t>() const {
    if (null_) return nullptr;
    return [](void* user, uint64_t bytes) {
      return allocate(static_cast<Registration*>(user), bytes);
    };
  }
  operator Pointer<void, void*, uint64_t>() const {
    if (null_) return nullptr;
    return [](void* user, void* data, uint64_t bytes) {
      give_back(static_cast<Registration*>(user), data, bytes);
    };
  }

 private:
  bool null_;
};

}  // namespace test
