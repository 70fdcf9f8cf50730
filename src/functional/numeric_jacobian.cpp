#include "functional/numeric_jacobian.h"

#include "autograd/history.h"
#include "autograd/mode.h"
#include "core/shape.h"
#include "ops/formulas.h"

namespace libtensor::functional {
namespace {

// Copies that require grad where the originals do, in case the function itself differentiates.
Tensors copies_of(std::span<const Tensor> inputs) {
  Tensors copies;
  for (const Tensor& input : inputs) {
    copies.push_back(ops::clone(ops::detach(input)));
    if (input.requires_grad()) autograd::set_requires_grad(copies.back(), true);
  }
  return copies;
}

// The function's outputs, flat.
Tensors evaluate(const Function& function, const Tensors& moved) {
  Tensors outputs;
  for (const Tensor& output : function(moved)) {
    outputs.push_back(ops::clone(ops::reshape(ops::detach(output), Dims{-1})));
  }
  return outputs;
}

// Where element `place` of input `index` is moved by `step`.
Tensors evaluate(const Function& function, std::span<const Tensor> inputs, size_t index,
                 int64_t place, double step) {
  const Tensors moved = copies_of(inputs);
  ops::add_scalar_(ops::as_strided(ops::detach(moved[index]), {}, {}, place), Scalar(step));
  return evaluate(function, moved);
}

// Where input `index` is moved by `step` times `direction`.
Tensors evaluate(const Function& function, std::span<const Tensor> inputs, size_t index,
                 const Tensor& direction, double step) {
  const Tensors moved = copies_of(inputs);
  ops::add_alpha_(ops::detach(moved[index]), direction, Scalar(step));
  return evaluate(function, moved);
}

Tensor slope(const Tensor& above, const Tensor& below, double eps) {
  return ops::div_scalar(ops::sub(above, below), Scalar(2 * eps));
}

// Where the elements of a dense tensor lie, in row-major order of its dims.
std::vector<int64_t> places_of(const Tensor& tensor) {
  std::vector<int64_t> places{0};
  for (int dim = 0; dim < tensor.ndim(); ++dim) {
    std::vector<int64_t> longer;
    for (int64_t place : places) {
      for (int64_t i = 0; i < tensor.size(dim); ++i) {
        longer.push_back(place + i * tensor.strides()[dim]);
      }
    }
    places = std::move(longer);
  }
  return places;
}

}  // namespace

Tensors numeric_jacobian(const Function& function, std::span<const Tensor> inputs, size_t index,
                         double eps) {
  std::vector<Tensors> rows;  // [output][element of the input]
  for (int64_t place : places_of(copies_of(inputs)[index])) {
    const Tensors above = evaluate(function, inputs, index, place, eps);
    const Tensors below = evaluate(function, inputs, index, place, -eps);
    rows.resize(above.size());
    for (size_t o = 0; o < above.size(); ++o) {
      rows[o].push_back(slope(above[o], below[o], eps));
    }
  }
  Tensors matrices;
  for (const Tensors& of_output : rows) matrices.push_back(ops::stack(of_output, 0));
  return matrices;
}

Tensors numeric_product(const Function& function, std::span<const Tensor> inputs, size_t index,
                        const Tensor& direction, double eps) {
  const Tensors above = evaluate(function, inputs, index, direction, eps);
  const Tensors below = evaluate(function, inputs, index, direction, -eps);
  Tensors products;
  for (size_t o = 0; o < above.size(); ++o) products.push_back(slope(above[o], below[o], eps));
  return products;
}

}  // namespace libtensor::functional
