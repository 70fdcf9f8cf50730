// Functions of the host (tensor_callable_t) as functions of the library.
#pragma once

#include "functional/function.h"
#include "tensor/functional.h"

namespace libtensor::capi {

// May an output stay unwritten?
enum class Unwritten { kRefused, kUndefined };

// Calls `function` and takes its outputs over. Throws what its status says.
functional::Tensors call_function(tensor_callable_t function, void* user,
                                  std::span<const Tensor> inputs, size_t output_count,
                                  Unwritten unwritten = Unwritten::kRefused);

// The same as an object, valid as long as `user` is.
functional::Function function_of(tensor_callable_t function, void* user, size_t output_count);

}  // namespace libtensor::capi
