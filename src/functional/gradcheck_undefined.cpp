#include "functional/gradcheck_undefined.h"

#include "autograd/history.h"
#include "functional/gradcheck_compare.h"
#include "ops/formulas.h"

namespace libtensor::functional {

void check_zero_gradient_gives_zero(const Tensors& outputs, const Tensors& inputs) {
  Tensors zeros;
  for (const Tensor& output : outputs) zeros.push_back(ops::zeros_of(output.shape(), output));
  for (const Tensor& gradient : gradients(outputs, inputs, zeros, false)) {
    check_gradient(!gradient.defined() || is_zero(gradient),
                   "backward not multiplied by grad_output");
  }
}

namespace {

// Passes its input on, but no gradient back.
class UndefinedGrad final : public autograd::FixedNode<UndefinedGrad, 1> {
 public:
  const char* name() const override { return "UndefinedGradBackward"; }
  void apply(std::span<const Tensor>, std::span<Tensor>) override {}
};

Tensor without_gradient(const Tensor& tensor) {
  auto node = Ref<UndefinedGrad>::adopt(new UndefinedGrad);
  node->connect(0, tensor);
  const Tensor result = tensor.alias();
  autograd::set_history(result, std::move(node));
  return result;
}

void check_undefined(const Tensors& outputs, const Tensors& inputs) {
  const char* notes =
      "Please look at \"Notes about undefined output gradients\" in "
      "\"tools/autograd/derivatives.yaml\"";
  Tensors zeros, results;
  for (const Tensor& output : outputs) zeros.push_back(ops::zeros_of(output.shape(), output));
  try {
    results = gradients(outputs, inputs, zeros, false);
  } catch (const Error&) {
    check_gradient(false, "Expected backward function to handle undefined output grads. ", notes);
  }
  for (const Tensor& result : results) {
    check_gradient(!result.defined() || is_zero(result),
                   "Expected all input grads to be undefined or zero when all output grads are "
                   "undefined or zero. ",
                   notes);
  }
}

}  // namespace

void check_undefined_gradients(const CheckedCall& call) {
  const auto outputs = [&] { return at(call.again(), call.output_places); };
  Tensors none = outputs();
  for (Tensor& output : none) output = without_gradient(output);
  check_undefined(none, call.inputs);
  for (size_t i = 0; none.size() > 1 && i < none.size(); ++i) {
    Tensors but_one = outputs();
    but_one[i] = without_gradient(but_one[i]);
    check_undefined(but_one, call.inputs);
  }
}

}  // namespace libtensor::functional
