// Several tensors made one.
#include "ops/generated/compute/joining.h"
#include "core/checked.h"
#include "ops/assign.h"
#include "ops/checks.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/compute/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops::compute {
namespace {

bool is_passed_over(const Tensor& tensor) { return tensor.ndim() == 1 && tensor.numel() == 0; }

DType common_dtype(std::span<const Tensor> tensors) {
  std::vector<Input> inputs(tensors.begin(), tensors.end());
  return result_type(inputs);
}

void check_cat_sizes(const Dims& first, const Tensor& other, int dim, size_t position) {
  check(other.ndim() == first.size(), "Tensors must have same number of dimensions: got ",
        first.size(), " and ", other.ndim());
  for (int i = 0; i < first.size(); ++i) {
    check(i == dim || other.shape()[i] == first[i],
          "Sizes of tensors must match except in dimension ", dim, ". Expected size ", first[i],
          " but got size ", other.shape()[i], " for tensor number ", position, " in the list.");
  }
}

// Of the result: a tensor that is passed over has none to give.
const Tensor& first_of(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) {
    if (!is_passed_over(tensor)) return tensor;
  }
  return tensors[0];
}

std::vector<Tensor> rows_of(std::span<const Tensor> tensors, int at) {
  std::vector<Tensor> rows;
  for (const Tensor& tensor : tensors) rows.push_back(unsqueeze(tensor, at));
  return rows;
}

}  // namespace

ResultMeta infer_cat(std::span<const Tensor> tensors, int64_t dim) {
  check_as(Status::kValueError, !tensors.empty(),
           "torch.cat(): expected a non-empty list of Tensors");
  for (size_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].ndim() > 0, "zero-dimensional tensor (at position ", i,
          ") cannot be concatenated");
    check_same_device(tensors[0], tensors[i]);
  }
  const Tensor& first = first_of(tensors);
  const int at = wrap_dim(dim, first.ndim());
  Dims shape = first.shape();
  Checked total = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (is_passed_over(tensors[i])) continue;
    check_cat_sizes(first.shape(), tensors[i], at, i);
    total += tensors[i].shape()[at];
  }
  check(total.fits(), "Storage size calculation overflowed: the sizes of dimension ", at,
        " add up to more than 2^63 - 1");
  shape[at] = total.value();
  return {shape, common_dtype(tensors), first.device()};
}

void cat_into(const Tensor& out, std::span<const Tensor> tensors, int64_t dim) {
  const int at = wrap_dim(dim, out.ndim());
  int64_t start = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.numel() == 0) continue;
    pointwise::copy(out.narrow(at, start, tensor.shape()[at]), tensor);
    start += tensor.shape()[at];
  }
}

ResultMeta infer_stack(std::span<const Tensor> tensors, int64_t dim) {
  check(!tensors.empty(), "stack expects a non-empty TensorList");
  const int at = wrap_dim(dim, tensors[0].ndim() + 1);
  for (size_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].shape() == tensors[0].shape(),
          "stack expects each tensor to be equal size, but got ", tensors[0].shape(),
          " at entry 0 and ", tensors[i].shape(), " at entry ", i);
  }
  return infer_cat(rows_of(tensors, at), at);
}

void stack_into(const Tensor& out, std::span<const Tensor> tensors, int64_t dim) {
  const int at = wrap_dim(dim, out.ndim());
  cat_into(out, rows_of(tensors, at), at);
}

}  // namespace libtensor::ops::compute
