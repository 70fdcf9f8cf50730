#include "functional/gradcheck.h"

#include "autograd/history.h"
#include "functional/gradcheck_compare.h"
#include "functional/gradcheck_undefined.h"
#include "ops/formulas.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/creation.h"

namespace libtensor::functional {
namespace {

void check_inputs(std::span<const Tensor> inputs) {
  bool any = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    any = true;
    for (int dim = 0; dim < inputs[i].ndim(); ++dim) {
      check(inputs[i].strides()[dim] > 0 || inputs[i].size(dim) <= 1, "The ", i,
            "th input has a dimension with stride 0. gradcheck only supports inputs that are "
            "non-overlapping to be able to compute the numerical gradients correctly. You should "
            "call .contiguous on the input before passing it to gradcheck.");
    }
  }
  check_as(Status::kValueError, any,
           "gradcheck expects at least one input tensor to require gradient, but none of them have "
           "requires_grad=True.");
}

// Uniform in [-1, 1].
Tensors random_gradients(const Tensors& outputs) {
  Tensors gradients;
  for (const Tensor& output : outputs) {
    const Tensor uniform = ops::rand(output.shape(), ops::options_of(output));
    gradients.push_back(ops::sub_scalar(ops::mul_scalar(uniform, Scalar(2.0)), Scalar(1.0)));
    autograd::set_requires_grad(gradients.back(), true);
  }
  return gradients;
}

}  // namespace

void gradcheck(const Function& function, std::span<const Tensor> inputs,
               const GradcheckOptions& options) {
  check_inputs(inputs);
  const CheckedCall call(function, inputs);
  options.fast_mode ? compare_products(call, options) : compare_jacobians(call, options);
  if (call.outputs.empty()) return;
  check_zero_gradient_gives_zero(call.outputs, call.inputs);
  if (options.check_undefined_grad) check_undefined_gradients(call);
}

void gradgradcheck(const Function& function, std::span<const Tensor> inputs,
                   std::span<const Tensor> grad_outputs, const GradcheckOptions& options) {
  check_inputs(inputs);
  const Tensors all_outputs = function(inputs);
  Tensors arriving(grad_outputs.begin(), grad_outputs.end());
  const std::vector<size_t> given = differentiable(all_outputs);
  if (arriving.empty()) arriving = random_gradients(at(all_outputs, given));
  check(arriving.size() == given.size(), "got ", given.size(), " outputs that require grad and ",
        arriving.size(), " grad_outputs");
  const std::vector<size_t> wanted = differentiable(inputs);
  const size_t own = inputs.size();

  const Function gradient = [&](std::span<const Tensor> all) {
    const Tensors outputs = function(all.first(own));
    Tensors results;
    for (Tensor& part :
         gradients(at(outputs, differentiable(outputs)), at(all, wanted), all.subspan(own), true)) {
      if (part.defined()) results.push_back(std::move(part));
    }
    return results;
  };
  Tensors all(inputs.begin(), inputs.end());
  all.insert(all.end(), arriving.begin(), arriving.end());
  gradcheck(gradient, all, options);
}

}  // namespace libtensor::functional
