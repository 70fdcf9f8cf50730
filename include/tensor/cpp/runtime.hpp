// Settings of the whole library.
#ifndef TENSOR_CPP_RUNTIME_HPP
#define TENSOR_CPP_RUNTIME_HPP

#include <cstddef>
#include <cstdint>

#include "tensor/cpp/tensor_class.hpp"
#include "tensor/runtime.h"

namespace tensor {

inline uint32_t version() { return tensor_version(); }
inline void manual_seed(uint64_t seed) { detail::check(tensor_manual_seed(seed)); }
// The state of the random numbers, as a tensor of bytes, and how to go on from one.
inline Tensor get_rng_state() {
  tensor_t* out;
  detail::check(tensor_get_rng_state(&out));
  return Tensor::own(out);
}
inline void set_rng_state(const Tensor& state) {
  detail::check(tensor_set_rng_state(state.handle()));
}
inline void set_num_threads(int32_t n) { detail::check(tensor_set_num_threads(n)); }
inline int32_t get_num_threads() { return tensor_get_num_threads(); }
inline bool cuda_is_available() { return tensor_cuda_is_available(); }
inline const char* cuda_unavailable_reason() { return tensor_cuda_unavailable_reason(); }
inline size_t live_handles() { return tensor_live_handles(); }

}  // namespace tensor

#endif  // TENSOR_CPP_RUNTIME_HPP
