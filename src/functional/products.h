// Products of vectors with Jacobians and Hessians. Semantics and messages are those of
// torch.autograd.functional.
#pragma once

#include "functional/function.h"

namespace libtensor::functional {

struct Options {
  bool create_graph = false;  // the results can be differentiated again
  bool strict = false;        // what does not depend on an input is an error, not zero
};

struct Product {
  Tensors outputs;  // of the function
  Tensors product;
};

// v^T J, of the inputs' sizes. v: of the outputs' sizes; may be empty for one output of one
// element.
Product vjp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options);
// J v, of the outputs' sizes. v: of the inputs' sizes; may be empty for one input of one element.
// Computed by differentiating v^T J, which is linear in v, with respect to v.
Product jvp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options);
// v^T H and H v for a function with one output of one element. v as for jvp.
Product vhp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options);
Product hvp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options);

}  // namespace libtensor::functional
