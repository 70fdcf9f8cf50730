// The parameters of a functor: numbers that are the same for all elements, each of its own type.
#pragma once

#include "core/host_device.h"
#include "core/scalar.h"

namespace libtensor {

// A tuple that CUDA's kernels take as well, read from as many numbers.
template <class... T>
struct Parameters {
  static constexpr int kCount = 0;
  explicit Parameters(const Scalar*) {}
};
template <class First, class... Rest>
struct Parameters<First, Rest...> {
  static constexpr int kCount = 1 + sizeof...(Rest);
  First first;
  Parameters<Rest...> rest;
  explicit Parameters(const Scalar* numbers) : first(numbers->to<First>()), rest(numbers + 1) {}
};

template <size_t kIndex, class First, class... Rest>
LIBTENSOR_INLINE auto get(const Parameters<First, Rest...>& parameters) {
  if constexpr (kIndex == 0)
    return parameters.first;
  else
    return get<kIndex - 1>(parameters.rest);
}

// Parameters<C, int> for void(C weight, int decimals).
template <class List>
struct ParametersOf;
template <class... T>
struct ParametersOf<void(T...)> {
  using Type = Parameters<T...>;
};

}  // namespace libtensor
