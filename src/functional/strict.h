// The checks that PyTorch's functional layer makes, in its words.
#pragma once

#include "functional/function.h"

namespace libtensor::functional {

// Throws where an element of v does not have the size of its counterpart.
void check_vector(std::span<const Tensor> v, std::span<const Tensor> like);
// Throws unless there is one input (or output: `what`) of one element, so that v may be left out.
void check_scalar_input(std::span<const Tensor> inputs);
void check_scalar_output(std::span<const Tensor> outputs);
// `name`: of the function that was called ("hessian").
void check_single_output(std::span<const Tensor> outputs, const char* name);

// What strict mode requires: that everything depends on everything.
void require_differentiable_outputs(std::span<const Tensor> outputs);
void require_gradients_that_depend(std::span<const Tensor> gradients);
void require_jacobian_that_depends(std::span<const Tensor> jacobian);
void require_hessian_that_depends(std::span<const Tensor> jacobian);

// Which derivative of which kind is being completed, for the messages.
enum class Stage { kBack, kBackTrick, kDoubleBack, kDoubleBackTrick };
// Puts zeros where a gradient is undefined; in strict mode that is an error, and so is a gradient
// without a history where a graph is wanted.
Tensors fill_in_zeros(Tensors gradients, std::span<const Tensor> like, bool strict,
                      bool create_graph, Stage stage);

}  // namespace libtensor::functional
