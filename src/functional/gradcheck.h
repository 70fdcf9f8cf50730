// Analytic gradients against numeric ones. Semantics and messages are those of
// torch.autograd.gradcheck.
#pragma once

#include "functional/function.h"

namespace libtensor::functional {

struct GradcheckOptions {
  double eps = 1e-6;  // an element is moved by as much up and down
  double atol = 1e-5, rtol = 1e-3;
  double nondet_tol = 0;             // by how much two runs of backward may differ
  bool check_undefined_grad = true;  // run backward with undefined gradients too
  bool fast_mode = false;            // compare one number for each output and input: v^T J u
};

// Compares the Jacobian that backward gives with central differences, for each input that requires
// grad. Throws an Error with Status::kGradcheck where they differ. The inputs are not changed.
void gradcheck(const Function& function, std::span<const Tensor> inputs,
               const GradcheckOptions& options);

// The same for the gradient as a function of the inputs and of the gradient that arrives.
// grad_outputs: one for each output that requires grad; random ones where it is empty.
void gradgradcheck(const Function& function, std::span<const Tensor> inputs,
                   std::span<const Tensor> grad_outputs, const GradcheckOptions& options);

}  // namespace libtensor::functional
