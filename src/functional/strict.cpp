#include "functional/strict.h"

#include "core/error.h"
#include "ops/formulas.h"

namespace libtensor::functional {

void check_vector(std::span<const Tensor> v, std::span<const Tensor> like) {
  const bool single = like.size() == 1;
  check(v.size() == like.size() || !single, "The given v should contain a single Tensor.");
  check(v.size() == like.size(), "v is a tuple of invalid length: should be ", like.size(),
        " but got ", v.size(), ".");
  for (size_t i = 0; i < v.size(); ++i) {
    if (v[i].shape() == like[i].shape()) continue;
    fail(Status::kInvalidArgument, single ? "" : str("Entry ", i, " in "),
         "v has invalid size: should be ", size_text(like[i]), " but got ", size_text(v[i]), ".");
  }
}

void check_scalar_input(std::span<const Tensor> inputs) {
  check(inputs.size() == 1 && inputs[0].numel() == 1,
        "The vector v can only be None if the input to the user-provided function is a single "
        "Tensor with a single element.");
}

void check_scalar_output(std::span<const Tensor> outputs) {
  check(outputs.size() == 1 && outputs[0].numel() == 1,
        "The vector v can only be None if the user-provided function returns a single Tensor with "
        "a single element.");
}

void check_single_output(std::span<const Tensor> outputs, const char* name) {
  check(outputs.size() == 1, "The function given to ", name, " should return a single Tensor");
  check(outputs[0].numel() == 1, "The Tensor returned by the function given to ", name,
        " should contain a single element");
}

void require_differentiable_outputs(std::span<const Tensor> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    check(outputs[i].requires_grad(), "Output ", i,
          " of the user-provided function does not require gradients. The outputs must be computed "
          "in a differentiable manner from the input when running in strict mode.");
  }
}

namespace {

void check_dependence(const Tensor& gradient, size_t input) {
  check(gradient.defined(), "The output of the user-provided function is independent of input ",
        input, ". This is not allowed in strict mode.");
}

}  // namespace

void require_gradients_that_depend(std::span<const Tensor> gradients) {
  for (size_t i = 0; i < gradients.size(); ++i) {
    check_dependence(gradients[i], i);
    check(gradients[i].requires_grad(), "The gradient with respect to input ", i,
          " is independent of the inputs of the user-provided function. This is not allowed in "
          "strict mode.");
  }
}

void require_jacobian_that_depends(std::span<const Tensor> jacobian) {
  for (size_t i = 0; i < jacobian.size(); ++i) {
    check_dependence(jacobian[i], i);
    check(jacobian[i].requires_grad(),
          "While computing the hessian, found that the jacobian of the user-provided function with "
          "respect to input ",
          i,
          " is independent of the input. This is not allowed in strict mode. You should ensure "
          "that your function is twice differentiable and that the jacobian depends on the inputs "
          "(this would be violated by a linear function for example).");
  }
}

void require_hessian_that_depends(std::span<const Tensor> jacobian) {
  for (size_t i = 0; i < jacobian.size(); ++i) {
    check_dependence(jacobian[i], i);
    check(jacobian[i].requires_grad(),
          "The hessian of the user-provided function with respect to input ", i,
          " is independent of the input. This is not allowed in strict mode. You should ensure "
          "that your function is thrice differentiable and that the hessian depends on the "
          "inputs.");
  }
}

namespace {

[[noreturn]] void refuse_missing(Stage stage, size_t i) {
  switch (stage) {
    case Stage::kBack:
      fail(Status::kInvalidArgument,
           "The output of the user-provided function is independent of input ", i,
           ". This is not allowed in strict mode.");
    case Stage::kBackTrick:
      fail(Status::kInvalidArgument,
           "The gradient with respect to the input is independent of entry ", i,
           " in the grad_outputs when using the double backward trick to compute forward mode "
           "gradients. This is not allowed in strict mode.");
    case Stage::kDoubleBack:
      fail(Status::kInvalidArgument,
           "The jacobian of the user-provided function is independent of input ", i,
           ". This is not allowed in strict mode.");
    case Stage::kDoubleBackTrick:
      fail(Status::kInvalidArgument,
           "The hessian of the user-provided function is independent of entry ", i,
           " in the grad_jacobian. This is not allowed in strict mode as it prevents from using "
           "the double backward trick to replace forward mode AD.");
  }
  fail(Status::kInternal, "an unknown stage");
}

}  // namespace

Tensors fill_in_zeros(Tensors gradients, std::span<const Tensor> like, bool strict,
                      bool create_graph, Stage stage) {
  const bool is_double = stage == Stage::kDoubleBack || stage == Stage::kDoubleBackTrick;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) {
      if (strict) refuse_missing(stage, i);
      gradients[i] = ops::zeros_like(like[i]);
    }
    check(!strict || !create_graph || gradients[i].requires_grad(), "The ",
          is_double ? "hessian" : "jacobian",
          " of the user-provided function is independent of input ", i,
          ". This is not allowed in strict mode when create_graph=True.");
  }
  return gradients;
}

}  // namespace libtensor::functional
