// Softmax and the losses.
#include "core/backend.h"
#include "ops/checks.h"
#include "ops/generated/compute.h"
#include "ops/generated/functions.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace compute {
namespace {

Tensor as_contiguous(const Tensor& tensor) {
  return tensor.is_contiguous() ? tensor : contiguous_copy(tensor);
}

SoftmaxCall softmax_call(const Tensor& tensor, int64_t dim, bool log) {
  const int at = wrap_dim(dim, tensor.ndim());
  SoftmaxCall call;
  call.log = log;
  call.dtype = tensor.dtype();
  for (int i = 0; i < tensor.ndim(); ++i) {
    (i < at ? call.outer : i == at ? call.length : call.inner) *= tensor.shape()[i];
  }
  return call;
}

Tensor softmax_forward(const Tensor& self, int64_t dim, bool log) {
  const bool last = wrap_dim(dim, self.ndim()) >= self.ndim() - 1;
  check_as(Status::kNotImplemented, is_floating(self.dtype()), "\"",
           log ? "log_softmax" : "softmax", last ? "_lastdim_kernel_impl" : "_kernel_impl",
           "\" not implemented for '", scalar_name_of(self.dtype()), "'");
  SoftmaxCall call = softmax_call(self, dim, log);
  const Tensor in = as_contiguous(self);
  Tensor out = Tensor::empty(self.shape(), self.dtype(), self.device());
  call.in = in.data();
  call.out = out.data();
  if (out.numel() > 0) backend_for(self.device()).softmax(call);
  return out;
}

Tensor softmax_grad(const Tensor& grad_output, const Tensor& output, int64_t dim, bool log) {
  SoftmaxCall call = softmax_call(output, dim, log);
  const Tensor grad = as_contiguous(grad_output), result = as_contiguous(output);
  Tensor out = Tensor::empty(output.shape(), output.dtype(), output.device());
  call.in = result.data();
  call.grad = grad.data();
  call.out = out.data();
  if (out.numel() > 0) backend_for(output.device()).softmax_backward(call);
  return out;
}

void check_nll(const Tensor& self, const Tensor& target, const Tensor& weight) {
  check(self.ndim() > 0 && self.ndim() <= 2, "input tensor should be 1D or 2D");
  check(target.ndim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  check(!(self.ndim() == 1 && target.ndim() == 1 && target.numel() != 1),
        "For 1D input, 1D target must have size 1, got ", "target size: ", target.shape());
  check(self.ndim() == 1 || self.shape()[0] == target.numel(),
        "size mismatch (got input: ", self.shape(), ", target: ", target.shape(), ")");
  check(target.dtype() == DType::kInt64, "expected scalar type Long but found ",
        scalar_name_of(target.dtype()));
  const int64_t classes = self.size(-1);
  check(!weight.defined() || (weight.ndim() == 1 && weight.numel() == classes),
        "weight tensor should be defined either for all ", classes,
        " classes or no classes but got weight tensor of shape: ",
        weight.defined() ? weight.shape() : Dims());
  check(!weight.defined() || weight.dtype() == self.dtype(), "expected scalar type ",
        scalar_name_of(self.dtype()), " but found ",
        weight.defined() ? scalar_name_of(weight.dtype()) : "");
  check_as(Status::kNotImplemented, is_floating(self.dtype()),
           "\"nll_loss_out_frame\" not implemented for '", scalar_name_of(self.dtype()), "'");
}

NllLossCall nll_call(const Tensor& self, const Tensor& target, const Tensor& weight,
                     int64_t ignore_index, Reduction reduction) {
  NllLossCall call;
  call.dtype = self.dtype();
  call.rows = self.ndim() == 1 ? 1 : self.shape()[0];
  call.classes = self.size(-1);
  call.input_row_stride = self.ndim() == 1 ? 0 : self.strides()[0];
  call.input_class_stride = self.strides()[self.ndim() - 1];
  call.ignore_index = ignore_index;
  call.reduction = static_cast<int>(reduction);
  call.input = self.data();
  call.weight = weight.defined() ? weight.data() : nullptr;
  call.target = target.data_as<int64_t>();
  return call;
}

}  // namespace

Tensor softmax(const Tensor& self, int64_t dim) { return softmax_forward(self, dim, false); }
Tensor log_softmax(const Tensor& self, int64_t dim) { return softmax_forward(self, dim, true); }
Tensor softmax_backward(const Tensor& grad_output, const Tensor& output, int64_t dim) {
  return softmax_grad(grad_output, output, dim, false);
}
Tensor log_softmax_backward(const Tensor& grad_output, const Tensor& output, int64_t dim) {
  return softmax_grad(grad_output, output, dim, true);
}

std::tuple<Tensor, Tensor> nll_loss_forward(const Tensor& self, const Tensor& target,
                                            const Tensor& weight, int64_t ignore_index,
                                            Reduction reduction) {
  check_nll(self, target, weight);
  const Tensor targets = as_contiguous(target);
  const Tensor weights = weight.defined() ? as_contiguous(weight) : weight;
  const bool per_sample = reduction == Reduction::kNone && self.ndim() == 2;
  Tensor output =
      Tensor::empty(per_sample ? Dims{self.shape()[0]} : Dims{}, self.dtype(), self.device());
  Tensor total_weight = Tensor::empty({}, self.dtype(), self.device());
  NllLossCall call = nll_call(self, targets, weights, ignore_index, reduction);
  call.out = output.data();
  call.total_weight = total_weight.data();
  backend_for(self.device()).nll_loss(call);
  return {output, total_weight};
}

Tensor nll_loss_backward(const Tensor& grad_output, const Tensor& self, const Tensor& target,
                         const Tensor& weight, int64_t ignore_index, Reduction reduction,
                         const Tensor& total_weight) {
  const Tensor targets = as_contiguous(target), grad = as_contiguous(grad_output);
  const Tensor weights = weight.defined() ? as_contiguous(weight) : weight;
  Tensor result = Tensor::empty(self.shape(), self.dtype(), self.device());
  NllLossCall call = nll_call(self, targets, weights, ignore_index, reduction);
  call.grad = grad.data();
  call.out = result.data();
  call.total_weight = total_weight.data();
  backend_for(self.device()).nll_loss_backward(call);
  return result;
}

Tensor mse_loss(const Tensor& self, const Tensor& target, Reduction reduction) {
  const Tensor squares = ops::squared_difference(self, target);
  if (reduction == Reduction::kNone) return squares;
  return reduction == Reduction::kMean ? mean(squares) : sum(squares);
}

}  // namespace compute

namespace {

// [N, C, d1, d2, ...] as [N * d1 * d2 ..., C].
Tensor classes_last(const Tensor& self) {
  Dims order;
  for (int i = 0; i < self.ndim(); ++i) {
    if (i != 1) order.push_back(i);
  }
  order.push_back(1);
  return reshape(permute(self, order),
                 Dims{self.numel() / std::max<int64_t>(self.shape()[1], 1), self.shape()[1]});
}

int64_t class_dim(const Tensor& input) { return input.ndim() == 1 ? 0 : 1; }

Tensor reduce_loss(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::kNone) return losses;
  return reduction == Reduction::kSum ? sum(losses) : mean(losses);
}

// `weight` in the shape that broadcasts along the class dim of `input`.
Tensor class_weight(const Tensor& weight, const Tensor& input) {
  Dims shape(input.ndim(), 1);
  shape[static_cast<int>(class_dim(input))] = weight.numel();
  return reshape(weight, shape);
}

// Targets given as probabilities of each class.
Tensor cross_entropy_probabilities(const Tensor& input, const Tensor& target, const Tensor& weight,
                                   Reduction reduction, double smoothing) {
  check(input.shape() == target.shape(),
        "Expected floating point type for target with class probabilities, got ",
        scalar_name_of(target.dtype()));
  const int64_t dim = class_dim(input), classes = input.size(dim);
  Tensor logs = log_softmax(input, dim);
  Tensor probabilities = target;
  if (smoothing > 0) {
    probabilities =
        add_scalar(mul_scalar(target, 1 - smoothing), smoothing / static_cast<double>(classes));
  }
  if (weight.defined()) logs = mul(logs, class_weight(weight, input));
  const Tensor losses = neg(sum_dim(mul(logs, probabilities), Dims{dim}, false));
  if (reduction != Reduction::kMean) return reduce_loss(losses, reduction);
  return div_scalar(sum(losses), input.numel() / std::max<int64_t>(classes, 1));
}

// What label smoothing adds: the loss against all classes alike.
Tensor smooth_loss(const Tensor& logs, const Tensor& target, const Tensor& weight,
                   int64_t ignore_index, Reduction reduction, const Tensor& input) {
  const int64_t dim = class_dim(input);
  const Tensor weighted = weight.defined() ? mul(logs, class_weight(weight, input)) : logs;
  const Tensor ignored = eq_scalar(target, ignore_index);
  const Tensor losses = where_scalar_self(ignored, 0.0, neg(sum_dim(weighted, Dims{dim}, false)));
  if (reduction != Reduction::kMean) return reduce_loss(losses, reduction);
  if (!weight.defined()) return div(sum(losses), sum(eq_scalar(ignored, 0)));
  const Tensor safe = where_scalar_self(ignored, 0, target);
  const Tensor used = reshape(index_select(weight, 0, reshape(safe, Dims{-1})), safe.shape());
  return div(sum(losses), sum(where_scalar_self(ignored, 0.0, used)));
}

}  // namespace

Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight,
                int64_t ignore_index, Reduction reduction) {
  if (self.ndim() <= 2)
    return std::get<0>(nll_loss_forward(self, target, weight, ignore_index, reduction));
  Dims expected = self.shape();
  expected.erase(1);
  check(self.shape()[0] == target.size(0), "Expected input batch_size (", self.shape()[0],
        ") to match target batch_size (", target.size(0), ").");
  check(target.shape() == expected, "size mismatch (got input: ", self.shape(),
        ", target: ", target.shape(), ")");
  const Tensor flat = std::get<0>(nll_loss_forward(classes_last(self), reshape(target, Dims{-1}),
                                                   weight, ignore_index, reduction));
  return reduction == Reduction::kNone ? reshape(flat, expected) : flat;
}

Tensor cross_entropy(const Tensor& self, const Tensor& target) {
  return cross_entropy_with(self, target, {}, -100, Reduction::kMean, 0);
}

Tensor cross_entropy_with(const Tensor& self, const Tensor& target, const Tensor& weight,
                          int64_t ignore_index, Reduction reduction, double label_smoothing) {
  check(self.ndim() >= 1, "input must have at least one dimension");
  check(label_smoothing >= 0 && label_smoothing <= 1,
        "label_smoothing must be between 0.0 and 1.0. Got: ", label_smoothing);
  if (is_floating(target.dtype()) && self.shape() == target.shape()) {
    return cross_entropy_probabilities(self, target, weight, reduction, label_smoothing);
  }
  const Tensor logs = log_softmax(self, class_dim(self));
  const Tensor loss = nll_loss(logs, target, weight, ignore_index, reduction);
  if (label_smoothing == 0) return loss;
  const double share = label_smoothing / static_cast<double>(self.size(class_dim(self)));
  const Tensor smooth = smooth_loss(logs, target, weight, ignore_index, reduction, self);
  return add(mul_scalar(loss, 1 - label_smoothing), mul_scalar(smooth, share));
}

}  // namespace libtensor::ops
