#include "functional/numeric_jacobian.h"

#include "autograd/data.h"
#include "ops/formulas.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/joining.h"
#include "ops/generated/functions/views.h"

namespace libtensor::functional {
namespace {

// Elements of a tensor, moved while this lives.
class Moved {
 public:
  // `elements` share the memory of what is moved, and no version.
  Moved(Tensor elements, const Tensor& direction, double step)
      : elements_(std::move(elements)), before_(ops::clone(elements_)) {
    ops::add_alpha_(elements_, direction, Scalar(step));
  }
  ~Moved() {
    try {
      ops::copy_(elements_, before_);
    } catch (...) {  // the same copy has just been possible; there is nobody to tell here
    }
  }
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;

 private:
  Tensor elements_, before_;
};

// The function's outputs, flat, where `elements` are moved by `step` times `direction`.
Tensors evaluate(const CheckedCall& call, const Tensor& elements, const Tensor& direction,
                 double step) {
  const Moved moved(elements, direction, step);
  Tensors outputs;
  for (const Tensor& output : call.again()) {
    outputs.push_back(ops::clone(ops::reshape(ops::detach(output), Dims{-1})));
  }
  return outputs;
}

// For each output its slope along `direction`.
Tensors slopes(const CheckedCall& call, const Tensor& elements, const Tensor& direction,
               double eps) {
  const Tensors above = evaluate(call, elements, direction, eps);
  const Tensors below = evaluate(call, elements, direction, -eps);
  Tensors result;
  for (size_t o = 0; o < above.size(); ++o) {
    result.push_back(ops::div_scalar(ops::sub(above[o], below[o]), Scalar(2 * eps)));
  }
  return result;
}

// Where the elements of a tensor lie in its storage, in row-major order of its dims.
std::vector<int64_t> places_of(const Tensor& tensor) {
  std::vector<int64_t> places{tensor.offset()};
  for (int dim = 0; dim < tensor.ndim(); ++dim) {
    std::vector<int64_t> longer;
    for (int64_t place : places) {
      for (int64_t i = 0; i < tensor.shape()[dim]; ++i) {
        longer.push_back(place + i * tensor.strides()[dim]);
      }
    }
    places = std::move(longer);
  }
  return places;
}

}  // namespace

Tensors numeric_jacobian(const CheckedCall& call, size_t index, double eps) {
  const Tensor elements = autograd::variable_data(call.all_inputs[index]);
  const Tensor one = ops::ones({}, ops::options_of(elements));
  std::vector<Tensors> rows(call.all_outputs.size());  // [output][element of the input]
  for (int64_t place : places_of(elements)) {
    const Tensors row = slopes(call, ops::as_strided(elements, {}, {}, place), one, eps);
    for (size_t o = 0; o < row.size(); ++o) rows[o].push_back(row[o]);
  }
  Tensors matrices;
  for (size_t o = 0; o < rows.size(); ++o) {
    matrices.push_back(
        rows[o].empty() ? ops::zeros_of(Dims{0, call.all_outputs[o].numel()}, call.all_outputs[o])
                        : ops::stack(rows[o], 0));
  }
  return matrices;
}

Tensors numeric_product(const CheckedCall& call, size_t index, const Tensor& direction,
                        double eps) {
  return slopes(call, autograd::variable_data(call.all_inputs[index]), direction, eps);
}

}  // namespace libtensor::functional
