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
#include "ops/into.h"
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

Tensor as_column(const Tensor& vector) {
  return vector.view(Dims{vector.numel(), 1}, Dims{vector.strides()[0], 1}, vector.offset());
}

}  // namespace

namespace compute {

ResultMeta infer_mm(const Tensor& self, const Tensor& mat2) {
  check(self.ndim() == 2, "mm: self must be a matrix, got ", self.ndim(), "-D tensor");
  check(mat2.ndim() == 2, "mm: mat2 must be a matrix, got ", mat2.ndim(), "-D tensor");
  check_mm("mm", self, mat2);
  return {Dims{self.shape()[0], mat2.shape()[1]}, self.dtype(), self.device()};
}
void mm_into(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  multiply("addmm_impl_cpu_", self, mat2, out);
}

ResultMeta infer_bmm(const Tensor& self, const Tensor& mat2) {
  check(self.ndim() == 3, "batch1 must be a 3D tensor");
  check(mat2.ndim() == 3, "batch2 must be a 3D tensor");
  check(mat2.shape()[0] == self.shape()[0] && mat2.shape()[1] == self.shape()[2],
        "Expected size for first two dimensions of batch2 tensor to be: [", self.shape()[0], ", ",
        self.shape()[2], "] but got: [", mat2.shape()[0], ", ", mat2.shape()[1], "].");
  check(self.dtype() == mat2.dtype(), "expected scalar type ", scalar_name_of(self.dtype()),
        " but found ", scalar_name_of(mat2.dtype()));
  check_same_device(self, mat2);
  return {Dims{self.shape()[0], self.shape()[1], mat2.shape()[2]}, self.dtype(), self.device()};
}
void bmm_into(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  multiply("baddbmm_out_cpu", self, mat2, out);
}

ResultMeta infer_mv(const Tensor& self, const Tensor& vec) {
  check(self.ndim() == 2 && vec.ndim() == 1, "vector + matrix @ vector expected, got 1, ",
        self.ndim(), ", ", vec.ndim());
  check(self.shape()[1] == vec.shape()[0], "size mismatch, got input (", self.shape()[0],
        "), mat (", self.shape()[0], "x", self.shape()[1], "), vec (", vec.shape()[0], ")");
  check(self.dtype() == vec.dtype(), "addmv input tensors must have the same dtype, but got ",
        scalar_name_of(vec.dtype()), ", ", scalar_name_of(self.dtype()), ", and ",
        scalar_name_of(vec.dtype()));
  check_same_device(self, vec);
  return {Dims{self.shape()[0]}, self.dtype(), self.device()};
}
void mv_into(const Tensor& out, const Tensor& self, const Tensor& vec) {
  multiply("addmv_impl_cpu", self, as_column(vec), as_column(out));
}

ResultMeta infer_dot(const Tensor& self, const Tensor& tensor) {
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
  return {Dims{}, self.dtype(), self.device()};
}
void dot_into(const Tensor& out, const Tensor& self, const Tensor& tensor) {
  const Tensor row = self.view(Dims{1, self.numel()}, Dims{1, self.strides()[0]}, self.offset());
  multiply("dot", row, as_column(tensor), out.view(Dims{1, 1}, Dims{1, 1}, out.offset()));
}

namespace {

// Kernels take factors as doubles, which do not hold every integer beyond 2^53.
bool is_exact(Scalar factor) {
  const int64_t integer = factor.is_floating() ? 0 : factor.to<int64_t>();
  return integer >= -(int64_t{1} << 53) && integer <= int64_t{1} << 53;
}

}  // namespace

ResultMeta infer_addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta,
                       Scalar alpha) {
  check(mat1.ndim() == 2, "mat1 must be a matrix, got ", mat1.ndim(), "-D tensor");
  check(mat2.ndim() == 2, "mat2 must be a matrix, got ", mat2.ndim(), "-D tensor");
  check(self.dtype() == mat2.dtype(), "self and mat2 must have the same dtype, but got ",
        scalar_name_of(self.dtype()), " and ", scalar_name_of(mat2.dtype()));
  check_mm("addmm", mat1, mat2);
  check_same_device(self, mat1);
  const Dims shape{mat1.shape()[0], mat2.shape()[1]};
  expand(self, shape);         // refuses what does not broadcast
  if (mat1.shape()[1] == 0) {  // nothing but beta * self
    const Input product[] = {self, beta};
    check_can_cast(result_type(product), self.dtype());
  }
  const DType computed = is_half(self.dtype()) ? DType::kFloat32 : self.dtype();
  check_fits(beta, computed);
  check_fits(alpha, computed);
  return {shape, self.dtype(), self.device()};
}

namespace {

// To `out`, contiguous, which shares no memory with the factors and may be `addend`.
void multiply_and_add(const Tensor& out, const Tensor& addend, const Tensor& mat1,
                      const Tensor& mat2, Scalar beta, Scalar alpha) {
  const char* const kernel = "addmm_impl_cpu_";
  if (is_exact(alpha) && is_exact(beta)) {
    if (beta.to<double>() != 0 && !out.is_same(addend)) pointwise::copy(out, addend);
    return multiply(kernel, mat1, mat2, out, alpha.to<double>(), beta.to<double>());
  }
  const Tensor product = make({out.shape(), out.dtype(), out.device()});
  multiply(kernel, mat1, mat2, product);
  const auto scaled = [](const Tensor& tensor, Scalar factor) {
    return pointwise::run(functor::kMul, Rule::kPromote, {tensor, factor});
  };
  pointwise::copy(out, pointwise::run(functor::kAdd, Rule::kPromote,
                                      {scaled(product, alpha), scaled(addend, beta)}));
}

}  // namespace

void addmm_into(const Tensor& out, const Tensor& self, const Tensor& mat1, const Tensor& mat2,
                Scalar beta, Scalar alpha) {
  if (!is_floating(self.dtype())) {
    beta = beta.to<int64_t>();
    alpha = alpha.to<int64_t>();
  }
  const Tensor addend = out.is_same(self) ? self : expand(self, out.shape());
  if (out.is_contiguous() && !shares_memory(out, mat1) && !shares_memory(out, mat2)) {
    return multiply_and_add(out, addend, mat1, mat2, beta, alpha);
  }
  const Tensor fresh = make({out.shape(), out.dtype(), out.device()});
  multiply_and_add(fresh, addend, mat1, mat2, beta, alpha);
  pointwise::copy(out, fresh);
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
