// Hooks of several tensors at once.
#pragma once

#include <functional>
#include <span>

#include "autograd/hooks.h"

namespace libtensor::autograd {

// Has `function` called once in each pass that computes a gradient of any of `tensors`: when the
// last of those that it computes is there, with one for each tensor, undefined where it computes
// none. Throws where one of them does not require grad; then nothing is registered.
Ref<Hook> register_multi_grad_hook(std::span<const Tensor> tensors,
                                   std::function<void(std::span<const Tensor>)> function,
                                   UserData held = {});
// Has `function` called once in each such pass, with the first gradient. Throws likewise.
Ref<Hook> register_any_grad_hook(std::span<const Tensor> tensors,
                                 std::function<void(const Tensor&)> function, UserData held = {});

}  // namespace libtensor::autograd
