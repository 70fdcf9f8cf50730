// Softmax and the losses.
#include "ops/generated/compute/losses.h"
#include "core/calls/nll_loss.h"
#include "core/calls/softmax.h"
#include "core/device_runtime.h"
#include "core/kernel_registry.h"
#include "ops/checks.h"
#include "ops/generated/functions/activation.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/comparison.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/indexing.h"
#include "ops/generated/functions/losses.h"
#include "ops/generated/functions/reductions.h"
#include "ops/generated/functions/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace compute {
namespace {

Tensor as_contiguous(const Tensor& tensor) {
  return tensor.is_contiguous() ? tensor : contiguous_copy(tensor);
}

template <class Call>
Call softmax_call(const Tensor& tensor, int64_t dim, bool log) {
  const int at = wrap_dim(dim, tensor.ndim());
  Call call;
  call.log = log;
  call.dtype = tensor.dtype();
  if (tensor.numel() == 0) return call;
  for (int i = 0; i < tensor.ndim(); ++i) {
    (i < at ? call.outer : i == at ? call.length : call.inner) *= tensor.shape()[i];
  }
  return call;
}

ResultMeta infer_softmax(const Tensor& self, int64_t dim, bool log) {
  const bool last = wrap_dim(dim, self.ndim()) >= self.ndim() - 1;
  check_as(Status::kNotImplemented, is_floating(self.dtype()) || self.numel() == 0, "\"",
           log ? "log_softmax" : "softmax", last ? "_lastdim_kernel_impl" : "_kernel_impl",
           "\" not implemented for '", scalar_name_of(self.dtype()), "'");
  return {self.shape(), self.dtype(), self.device()};
}

void write_softmax(const Tensor& out, const Tensor& self, int64_t dim, bool log) {
  auto call = softmax_call<SoftmaxCall>(self, dim, log);
  const Tensor in = as_contiguous(self);
  call.in = in.data();
  call.out = out.data();
  if (out.numel() > 0) run_kernel(self.device(), call);
}

Tensor softmax_grad(const Tensor& grad_output, const Tensor& output, int64_t dim, bool log) {
  auto call = softmax_call<SoftmaxBackwardCall>(output, dim, log);
  const Tensor grad = as_contiguous(grad_output), result = as_contiguous(output);
  Tensor out = Tensor::empty(output.shape(), output.dtype(), output.device());
  call.result = result.data();
  call.grad = grad.data();
  call.out = out.data();
  if (out.numel() > 0) run_kernel(output.device(), call);
  return out;
}

// What all forms of nll_loss refuse: dtypes, and weights that do not match the classes.
void check_nll(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t classes) {
  check(target.dtype() == DType::kInt64 || target.dtype() == DType::kUInt8,
        "expected target dtype to be Long or Byte, but got ", scalar_name_of(target.dtype()));
  check(!weight.defined() || (weight.ndim() == 1 && weight.numel() == classes),
        "weight tensor should be defined either for all ", classes,
        " classes or no classes but got weight tensor of shape: ",
        weight.defined() ? weight.shape() : Dims());
  check(!weight.defined() || weight.dtype() == self.dtype(), "expected scalar type ",
        scalar_name_of(self.dtype()), " but found ",
        weight.defined() ? scalar_name_of(weight.dtype()) : "");
  check_floating(self.dtype(), "nll_loss_out_frame");
  check_same_device(self, target);
}

void check_nll_1d(const Tensor& self, const Tensor& target) {
  check(target.ndim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  check(self.ndim() == 2 || target.ndim() == 0 || target.numel() == 1,
        "For 1D input, 1D target must have size 1, got target size: ", target.shape());
  check(self.ndim() == 1 || self.shape()[0] == target.numel(),
        "size mismatch (got input: ", self.shape(), ", target: ", target.shape(), ")");
}

// [N, C, d1, d2, ...] as [N * d1 * d2 ..., C], contiguous.
Tensor classes_last(const Tensor& self) {
  Dims order;
  for (int i = 0; i < self.ndim(); ++i) {
    if (i != 1) order.push_back(i);
  }
  order.push_back(1);
  const int64_t classes = self.shape()[1];
  return view(contiguous_copy(permute(self, order)),
              Dims{self.numel() / std::max<int64_t>(classes, 1), classes});
}

// And back: `rows` in the layout of `like`.
Tensor classes_second(const Tensor& rows, const Tensor& like) {
  Dims spread = like.shape(), order{0, like.ndim() - 1};
  spread.erase(1);
  spread.push_back(like.shape()[1]);
  for (int i = 1; i < like.ndim() - 1; ++i) order.push_back(i);
  return contiguous_copy(permute(view(rows, spread), order));
}

Tensor as_targets(const Tensor& target) {
  return target.dtype() == DType::kInt64
             ? as_contiguous(target)
             : as_contiguous(to_copy(target, DType::kInt64, target.device()));
}

template <class Call>
Call nll_call(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t ignore_index,
              Reduction reduction) {
  Call call;
  call.at_once = checks_at_once();
  call.dtype = self.dtype();
  call.rows = self.ndim() == 1 ? 1 : self.shape()[0];
  call.classes = self.size(-1);
  call.input_row_stride = self.ndim() == 1 ? 0 : self.strides()[0];
  call.input_class_stride = self.strides()[self.ndim() - 1];
  call.ignore_index = ignore_index;
  call.reduction = reduction;
  call.input = self.data();
  call.weight = weight.defined() ? weight.data() : nullptr;
  call.target = target.data_as<int64_t>();
  return call;
}

}  // namespace

ResultMeta infer_softmax(const Tensor& self, int64_t dim) {
  return infer_softmax(self, dim, false);
}
void softmax_into(const Tensor& out, const Tensor& self, int64_t dim) {
  write_softmax(out, self, dim, false);
}
ResultMeta infer_log_softmax(const Tensor& self, int64_t dim) {
  return infer_softmax(self, dim, true);
}
void log_softmax_into(const Tensor& out, const Tensor& self, int64_t dim) {
  write_softmax(out, self, dim, true);
}
Tensor softmax_backward(const Tensor& grad_output, const Tensor& output, int64_t dim) {
  return softmax_grad(grad_output, output, dim, false);
}
Tensor log_softmax_backward(const Tensor& grad_output, const Tensor& output, int64_t dim) {
  return softmax_grad(grad_output, output, dim, true);
}

std::tuple<Tensor, Tensor> nll_loss_forward(const Tensor& self, const Tensor& target,
                                            const Tensor& weight, int64_t ignore_index,
                                            Reduction reduction) {
  check_nll(self, target, weight, self.size(-1));
  check_nll_1d(self, target);
  const Tensor targets = as_targets(target);
  const Tensor weights = weight.defined() ? as_contiguous(weight) : weight;
  const bool per_sample = reduction == Reduction::kNone && self.ndim() == 2;
  Tensor output =
      Tensor::empty(per_sample ? Dims{self.shape()[0]} : Dims{}, self.dtype(), self.device());
  Tensor total_weight = Tensor::empty({}, self.dtype(), self.device());
  auto call = nll_call<NllLossCall>(self, targets, weights, ignore_index, reduction);
  call.out = output.data();
  call.total_weight = total_weight.data();
  run_kernel(self.device(), call);
  return {output, total_weight};
}

Tensor nll_loss_backward(const Tensor& grad_output, const Tensor& self, const Tensor& target,
                         const Tensor& weight, int64_t ignore_index, Reduction reduction,
                         const Tensor& total_weight) {
  const Tensor targets = as_targets(target), grad = as_contiguous(grad_output);
  const Tensor weights = weight.defined() ? as_contiguous(weight) : weight;
  Tensor result = Tensor::empty(self.shape(), self.dtype(), self.device());
  auto call = nll_call<NllLossBackwardCall>(self, targets, weights, ignore_index, reduction);
  call.grad = grad.data();
  call.out = result.data();
  call.total_weight = total_weight.data();
  run_kernel(self.device(), call);
  return result;
}

std::tuple<Tensor, Tensor> nll_loss2d_forward(const Tensor& self, const Tensor& target,
                                              const Tensor& weight, int64_t ignore_index,
                                              Reduction reduction) {
  check_nll(self, target, weight, self.shape()[1]);
  const Tensor targets = view(as_contiguous(target), Dims{target.numel()});
  auto [output, total_weight] =
      compute::nll_loss_forward(classes_last(self), targets, weight, ignore_index, reduction);
  if (reduction == Reduction::kNone) output = view(output, target.shape());
  return {output, total_weight};
}

Tensor nll_loss2d_backward(const Tensor& grad_output, const Tensor& self, const Tensor& target,
                           const Tensor& weight, int64_t ignore_index, Reduction reduction,
                           const Tensor& total_weight) {
  const Tensor targets = view(as_contiguous(target), Dims{target.numel()});
  const Tensor grad =
      view(as_contiguous(grad_output), grad_output.ndim() ? Dims{grad_output.numel()} : Dims{});
  const Tensor rows = classes_last(self);
  return classes_second(compute::nll_loss_backward(grad, rows, targets, weight, ignore_index,
                                                   reduction, total_weight),
                        self);
}

Tensor mse_loss(const Tensor& self, const Tensor& target, Reduction reduction) {
  const Tensor squares = ops::squared_difference(self, target);
  if (reduction == Reduction::kNone) return squares;
  return reduction == Reduction::kMean ? mean(squares) : sum(squares);
}

}  // namespace compute

namespace {

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
  check(is_floating(target.dtype()),
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
  const Tensor products = mul(logs, probabilities);
  if (reduction == Reduction::kNone) return neg(sum_dim(products, Dims{dim}, false));
  const Tensor total = neg(sum(products));
  if (reduction == Reduction::kSum) return total;
  return div_count(total, input.numel() / std::max<int64_t>(classes, 1));
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
  check_as(Status::kValueError, self.ndim() >= 1, "Expected 1 or more dimensions (got ",
           self.ndim(), ")");
  check_as(Status::kValueError,
           self.ndim() == 1 || (target.ndim() > 0 && self.shape()[0] == target.shape()[0]),
           "Expected input batch_size (", self.shape()[0], ") to match target batch_size (",
           target.ndim() > 0 ? target.shape()[0] : 0, ").");
  if (self.ndim() <= 2) {
    return std::get<0>(nll_loss_forward(self, target, weight, ignore_index, reduction));
  }
  Dims expected = self.shape();
  expected.erase(1);
  check(target.shape() == expected, "size mismatch (got input: ", self.shape(),
        ", target: ", target.shape(), ")");
  if (self.ndim() == 4) {
    return std::get<0>(nll_loss2d_forward(self, target, weight, ignore_index, reduction));
  }
  // Other ranks take the way of rank 4, with all dims behind the classes as one.
  const int64_t n = self.shape()[0], classes = self.shape()[1];
  const int64_t rest = self.numel() / std::max<int64_t>(n, 1) / std::max<int64_t>(classes, 1);
  const Tensor flat = std::get<0>(nll_loss2d_forward(reshape(self, Dims{n, classes, 1, rest}),
                                                     reshape(target, Dims{n, 1, rest}), weight,
                                                     ignore_index, reduction));
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
  if (self.shape() == target.shape()) {
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
