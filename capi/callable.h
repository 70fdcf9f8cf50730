// Functions of the host as functions of the library: handles in and out, statuses as exceptions.
#pragma once

#include "functional/function.h"
#include "tensor/functional.h"

namespace libtensor::capi {

// Calls `function` and takes its outputs over. Throws what its status says.
functional::Tensors call_function(tensor_callable_t function, void* user,
                                  std::span<const Tensor> inputs, size_t output_count);

// The same as an object, valid as long as `user` is. `name` is the argument's.
functional::Function function_of(tensor_callable_t function, void* user, size_t output_count);

}  // namespace libtensor::capi
