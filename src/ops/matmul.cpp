// Products of matrices and vectors.
#include "core/calls/matmul.h"
#include "core/device_runtime.h"
#include "core/generated/functors/arithmetic.h"
#include "core/kernel_registry.h"
#include "ops/assign.h"
#include "ops/checks.h"
#include "ops/generated/compute/linear_algebra.h"
#include "ops/generated/compute/views.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/linear_algebra.h"
#include "ops/generated/functions/reductions.h"
#include "ops/generated/functions/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace {

// c (contiguous [.., m, n]) = alpha * a @ b + beta * c; a and b have the batch dim or none.
void multiply(const char* kernel, const Tensor& a, const Tensor& b, const Tensor& c,
              double alpha = 1, double beta = 0) {
  if (c.numel() == 0) return;
  if (c.dtype() == DType::kBool) {  // only where there is nothing to multiply
    if (a.numel() > 0) check_not_bool(c.dtype(), kernel);
    if (beta == 0) pointwise::fill(c, false);
    return;
  }
  const int row = a.ndim() - 2, col = a.ndim() - 1;
  MatmulCall call;
  call.tf32 = tf32_allowed();
  call.dtype = c.dtype();
  call.batch = a.ndim() == 3 ? a.shape()[0] : 1;
  call.m = a.shape()[row];
  call.k = a.shape()[col];
  call.n = b.shape()[col];
  call.a = a.data();
  call.b = b.data();
  call.c = c.data();
  call.a_row_stride = a.strides()[row];
  call.a_col_stride = a.strides()[col];
  call.b_row_stride = b.strides()[row];
  call.b_col_stride = b.strides()[col];
  if (a.ndim() == 3) {
    call.a_batch_stride = a.strides()[0];
    call.b_batch_stride = b.strides()[0];
    call.c_batch_stride = call.m * call.n;
  }
  call.alpha = alpha;
  call.beta = beta;
  run_kernel(c.device(), call);
}

void check_mm(const char* name, const Tensor& a, const Tensor& b) {
  check(a.shape()[1] == b.shape()[0], name, ": mat1 and mat2 shapes cannot be multiplied (",
        a.shape()[0], "x", a.shape()[1], " and ", b.shape()[0], "x", b.shape()[1], ")");
  check(a.dtype() == b.dtype(),
        "expected m1 and m2 to have the same dtype, but got: ", c_name_of(a.dtype()),
        " != ", c_name_of(b.dtype()));
  check_same_device(a, b);
}

}  // namespace

namespace compute {

Tensor mm(const Tensor& self, const Tensor& mat2) {
  check(self.ndim() == 2, "mm: self must be a matrix, got ", self.ndim(), "-D tensor");
  check(mat2.ndim() == 2, "mm: mat2 must be a matrix, got ", mat2.ndim(), "-D tensor");
  check_mm("mm", self, mat2);
  Tensor result =
      Tensor::empty(Dims{self.shape()[0], mat2.shape()[1]}, self.dtype(), self.device());
  multiply("addmm_impl_cpu_", self, mat2, result);
  return result;
}

Tensor bmm(const Tensor& self, const Tensor& mat2) {
  check(self.ndim() == 3, "batch1 must be a 3D tensor");
  check(mat2.ndim() == 3, "batch2 must be a 3D tensor");
  check(mat2.shape()[0] == self.shape()[0] && mat2.shape()[1] == self.shape()[2],
        "Expected size for first two dimensions of batch2 tensor to be: [", self.shape()[0], ", ",
        self.shape()[2], "] but got: [", mat2.shape()[0], ", ", mat2.shape()[1], "].");
  check(self.dtype() == mat2.dtype(), "expected scalar type ", scalar_name_of(self.dtype()),
        " but found ", scalar_name_of(mat2.dtype()));
  check_same_device(self, mat2);
  Tensor result = Tensor::empty(Dims{self.shape()[0], self.shape()[1], mat2.shape()[2]},
                                self.dtype(), self.device());
  multiply("baddbmm_out_cpu", self, mat2, result);
  return result;
}

Tensor mv(const Tensor& self, const Tensor& vec) {
  check(self.ndim() == 2 && vec.ndim() == 1, "vector + matrix @ vector expected, got 1, ",
        self.ndim(), ", ", vec.ndim());
  check(self.shape()[1] == vec.shape()[0], "size mismatch, got input (", self.shape()[0],
        "), mat (", self.shape()[0], "x", self.shape()[1], "), vec (", vec.shape()[0], ")");
  check(self.dtype() == vec.dtype(), "addmv input tensors must have the same dtype, but got ",
        scalar_name_of(vec.dtype()), ", ", scalar_name_of(self.dtype()), ", and ",
        scalar_name_of(vec.dtype()));
  check_same_device(self, vec);
  Tensor result = Tensor::empty(Dims{self.shape()[0], 1}, self.dtype(), self.device());
  multiply("addmv_impl_cpu", self,
           vec.view(Dims{vec.shape()[0], 1}, Dims{vec.strides()[0], 1}, vec.offset()), result);
  return result.view(Dims{self.shape()[0]}, Dims{1}, 0);
}

Tensor dot(const Tensor& self, const Tensor& tensor) {
  check(self.ndim() == 1 && tensor.ndim() == 1, "1D tensors expected, but got ", self.ndim(),
        "D and ", tensor.ndim(), "D tensors");
  check(self.dtype() == tensor.dtype(),
        "dot : expected both vectors to have same dtype, but found ", scalar_name_of(self.dtype()),
        " and ", scalar_name_of(tensor.dtype()));
  check(self.numel() == tensor.numel(), "inconsistent tensor size, expected tensor ", self.shape(),
        " and src ", tensor.shape(), " to have the same number of elements, but got ", self.numel(),
        " and ", tensor.numel(), " elements respectively");
  check_same_device(self, tensor);
  check_not_bool(self.dtype(), "dot");
  Tensor result = Tensor::empty(Dims{1, 1}, self.dtype(), self.device());
  const int64_t n = self.numel();
  multiply("dot", self.view(Dims{1, n}, Dims{1, self.strides()[0]}, self.offset()),
           tensor.view(Dims{n, 1}, Dims{tensor.strides()[0], 1}, tensor.offset()), result);
  return result.view(Dims{}, Dims{}, 0);
}

namespace {

// Kernels take factors as doubles, which do not hold every integer beyond 2^53.
bool is_exact(Scalar factor) {
  const int64_t integer = factor.is_floating() ? 0 : factor.to<int64_t>();
  return integer >= -(int64_t{1} << 53) && integer <= int64_t{1} << 53;
}

}  // namespace

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta,
             Scalar alpha) {
  check(mat1.ndim() == 2, "mat1 must be a matrix, got ", mat1.ndim(), "-D tensor");
  check(mat2.ndim() == 2, "mat2 must be a matrix, got ", mat2.ndim(), "-D tensor");
  check(self.dtype() == mat2.dtype(), "self and mat2 must have the same dtype, but got ",
        scalar_name_of(self.dtype()), " and ", scalar_name_of(mat2.dtype()));
  check_mm("addmm", mat1, mat2);
  check_same_device(self, mat1);
  const Dims shape{mat1.shape()[0], mat2.shape()[1]};
  const Tensor expanded = expand(self, shape);
  if (mat1.shape()[1] == 0) {  // nothing but beta * self
    const Input product[] = {self, beta};
    check_can_cast(result_type(product), self.dtype());
  }
  const DType computed = is_half(self.dtype()) ? DType::kFloat32 : self.dtype();
  check_fits(beta, computed);
  check_fits(alpha, computed);
  if (!is_floating(self.dtype())) {
    beta = beta.to<int64_t>();
    alpha = alpha.to<int64_t>();
  }
  Tensor result = Tensor::empty(shape, self.dtype(), self.device());
  if (!is_exact(alpha) || !is_exact(beta)) {
    multiply("addmm_impl_cpu_", mat1, mat2, result);
    const auto scaled = [](const Tensor& tensor, Scalar factor) {
      return pointwise::run(functor::kMul, Rule::kPromote, {tensor, factor});
    };
    return pointwise::run(functor::kAdd, Rule::kPromote,
                          {scaled(result, alpha), scaled(expanded, beta)});
  }
  if (beta.to<double>() != 0) pointwise::copy(result, expanded);
  multiply("addmm_impl_cpu_", mat1, mat2, result, alpha.to<double>(), beta.to<double>());
  return result;
}

}  // namespace compute

namespace {

Dims leading(const Tensor& tensor) {
  return Dims(Span(tensor.shape()).first(std::max(tensor.ndim() - 2, 0)));
}

Dims append(Dims dims, std::initializer_list<int64_t> more) {
  for (int64_t size : more) dims.push_back(size);
  return dims;
}

// All dims but the last lie as one in memory.
bool rows_are_mergeable(const Tensor& tensor) {
  if (tensor.numel() == 0) return true;
  for (int i = 0; i < tensor.ndim() - 2; ++i) {
    if (tensor.strides()[i] != tensor.strides()[i + 1] * tensor.shape()[i + 1]) return false;
  }
  return true;
}

// A stack of matrices times one matrix or vector can be one product, with the leading dims folded
// into the rows. It should be where that copies nothing, and also where the lesser operand requires
// grad: its gradient then needs no expanded copy. These are PyTorch's choices; they decide which
// nodes the graph has.
bool should_fold(const Tensor& a, const Tensor& b) {
  const bool a_is_stack = a.ndim() >= b.ndim();
  const Tensor& stack = a_is_stack ? a : b;
  const Tensor& matrix = a_is_stack ? b : a;
  if (stack.ndim() < 3 || matrix.ndim() > 2) return false;
  if (matrix.requires_grad()) return true;
  if (a.ndim() == 2) return false;
  return rows_are_mergeable(a_is_stack ? stack : compute::transpose(stack, -1, -2));
}

Tensor matmul_folded(const Tensor& a, const Tensor& b) {
  const bool swapped = b.ndim() > a.ndim();  // a @ b as the transpose of b' @ a'
  const Tensor stack = swapped ? transpose(b, -1, -2) : a;
  const Tensor matrix = !swapped ? b : a.ndim() == 2 ? transpose_2d(a) : a;
  Dims shape(Span(stack.shape()).first(stack.ndim() - 1));
  const Tensor rows = reshape(stack, Dims{checked_product(shape), stack.size(-1)});
  if (matrix.ndim() == 1) return unsafe_view(mv(rows, matrix), shape);
  const Tensor result = unsafe_view(mm(rows, matrix), append(shape, {matrix.size(1)}));
  return swapped ? contiguous(transpose(result, -1, -2)) : result;
}

// Stacks of matrices: leading dims broadcast and become one.
Tensor matmul_stacked(const Tensor& a, const Tensor& b) {
  if (a.ndim() == 3 && b.ndim() == 3 && a.shape()[0] != b.shape()[0]) {  // better folded, as above
    if (a.shape()[0] == 1 && a.requires_grad()) return matmul(squeeze_dim(a, 0), b);
    if (b.shape()[0] == 1 && b.requires_grad()) return matmul(a, squeeze_dim(b, 0));
  }
  const bool vector_a = a.ndim() == 1, vector_b = b.ndim() == 1;
  const Dims batch = broadcast_shapes(leading(a), leading(b));
  const int64_t count = checked_product(batch), n = vector_a ? 1 : a.size(-2), k = a.size(-1);
  const int64_t depth = vector_b ? b.size(0) : b.size(-2), m = vector_b ? 1 : b.size(-1);
  const Tensor left = reshape(expand(a, append(batch, {n, k})), Dims{count, n, k});
  const Tensor right =
      vector_b ? unsqueeze(reshape(expand(b, append(batch, {depth})), Dims{count, depth}), 2)
               : reshape(expand(b, append(batch, {depth, m})), Dims{count, depth, m});
  Dims shape = batch;
  if (!vector_a) shape.push_back(n);
  if (!vector_b) shape.push_back(m);
  return unsafe_view(bmm(left, right), shape);
}

}  // namespace

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int a = self.ndim(), b = other.ndim();
  check(a > 0 && b > 0, "both arguments to matmul need to be at least 1D, but they are ", a,
        "D and ", b, "D");
  if (a == 1 && b == 1) return dot(self, other);
  if (a == 2 && b == 1) return mv(self, other);
  if (a == 1 && b == 2) {
    const Tensor row = mm(unsqueeze(self, 0), other);
    squeeze_dim_(row, 0);
    return row;
  }
  if (a == 2 && b == 2) return mm(self, other);
  return should_fold(self, other) ? matmul_folded(self, other) : matmul_stacked(self, other);
}

}  // namespace libtensor::ops
