// A library that stands before libtensor (LD_PRELOAD) and has the fault that PLANTED_FAULT names,
// so that the fuzzer is seen to find each kind of fault that it judges.
#include <dlfcn.h>
#include <tensor/tensor.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace {

bool planted(const char* fault) {
  static const char* const asked = std::getenv("PLANTED_FAULT");
  return asked && std::strcmp(asked, fault) == 0;
}

// The library's own function of that name.
template <class F>
F* real(F*, const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

// The first byte of the elements of a CPU tensor, or null.
unsigned char* first_byte(const tensor_t* t) {
  void* data = nullptr;
  int64_t numel = 0;
  if (tensor_numel(t, &numel) != TENSOR_OK || numel == 0) return nullptr;
  return tensor_data(t, &data) == TENSOR_OK ? static_cast<unsigned char*>(data) : nullptr;
}

tensor_t* last_view = nullptr;

}  // namespace

#define REAL(name) real(&name, #name)

extern "C" {

tensor_status_t tensor_neg(const tensor_t* self, tensor_t** out) {
  static auto* const own = REAL(tensor_neg);
  const tensor_status_t status = own(self, out);
  unsigned char* const byte = status == TENSOR_OK ? first_byte(self) : nullptr;
  if (byte && planted("changes an input")) *byte ^= 1;
  if (status != TENSOR_OK && planted("fails without a message")) tensor_set_last_error(status, "");
  if (status != TENSOR_OK && out && planted("writes a result where it fails")) {
    *out = const_cast<tensor_t*>(self);
  }
  if (status == TENSOR_OK && planted("crashes")) std::raise(SIGSEGV);
  if (status == TENSOR_OK && planted("does not return")) {
    for (volatile bool forever = true; forever;) continue;
  }
  return status;
}

tensor_status_t tensor_exp(const tensor_t* self, tensor_t** out) {
  static auto* const own = REAL(tensor_exp);
  const tensor_status_t status = own(self, out);
  tensor_t* second = nullptr;
  if (status == TENSOR_OK && planted("leaks a handle")) tensor_retain(*out, &second);
  return status;
}

tensor_status_t tensor_alias(const tensor_t* self, tensor_t** out) {
  static auto* const own = REAL(tensor_alias);
  const tensor_status_t status = own(self, out);
  if (status == TENSOR_OK) last_view = *out;
  return status;
}

tensor_status_t tensor_zero_(tensor_t* self) {
  static auto* const own = REAL(tensor_zero_);
  const tensor_status_t status = own(self);
  if (status != TENSOR_OK && planted("changes where it fails")) {
    if (unsigned char* const byte = first_byte(self)) *byte ^= 1;
  }
  if (status == TENSOR_OK && planted("changes the shape of another") && last_view &&
      first_byte(last_view) == first_byte(self)) {
    tensor_unsqueeze_(last_view, 0);
  }
  return status;
}

tensor_status_t tensor_shape(const tensor_t* t, int64_t* shape, size_t capacity, size_t* ndim) {
  static auto* const own = REAL(tensor_shape);
  const tensor_status_t status = own(t, shape, capacity, ndim);
  if (status == TENSOR_OK && shape && planted("writes past its room") && capacity < 3) {
    shape[capacity] = 7;
  }
  return status;
}

tensor_status_t tensor_numel(const tensor_t* t, int64_t* out) {
  static auto* const own = REAL(tensor_numel);
  const tensor_status_t status = own(t, out);
  if (status == TENSOR_OK && planted("counts wrongly") && *out == 12) *out = 11;
  return status;
}

tensor_status_t tensor_register_hook(tensor_t* t,
                                     tensor_status_t (*hook)(void* user, tensor_t** grad),
                                     void* user, void (*destroy)(void* user), tensor_hook_t** out) {
  static auto* const own = REAL(tensor_register_hook);
  if (planted("forgets destroy")) destroy = nullptr;
  if (planted("destroys twice") && destroy) destroy(user);
  return own(t, hook, user, destroy, out);
}

tensor_status_t tensor_tanh(const tensor_t* self, tensor_t** out) {
  static auto* const own = REAL(tensor_tanh);
  const tensor_status_t status = own(self, out);
  tensor_t *big = nullptr, *slept = nullptr;
  const int64_t shape[] = {4096};
  if (status != TENSOR_OK || !planted("keeps memory")) return status;
  // Kept by a tensor that is its own gradient, so that no handle is left.
  if (tensor_zeros(shape, 1, nullptr, &big) != TENSOR_OK) return status;
  tensor_set_requires_grad(big, true);
  if (tensor_alias(big, &slept) == TENSOR_OK) tensor_set_grad(big, slept);
  tensor_release(slept);
  tensor_release(big);
  return status;
}

tensor_status_t tensor_version_of(const tensor_t* t, uint32_t* out) {
  static auto* const own = REAL(tensor_version_of);
  const tensor_status_t status = own(t, out);
  if (status == TENSOR_OK && planted("takes a version back") && *out > 0)
    *out = 3 - (*out < 3 ? *out : 3);
  return status;
}

tensor_status_t tensor_scope_pop(tensor_t* const* keep, size_t count) {
  static auto* const own = REAL(tensor_scope_pop);
  const tensor_status_t status = own(keep, count);
  return status != TENSOR_OK && planted("closes what is not open") ? TENSOR_OK : status;
}

}  // extern "C"
