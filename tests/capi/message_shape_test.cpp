// PyTorch's words where shapes do not fit: views, products, creation. The literal texts are those
// of PyTorch 2.15.
#include "message.h"

namespace test {
namespace {

const Case kView[] = {
    {"AnotherNumberOfElements", kRuntime, "shape '[4]' is invalid for input of size 6",
     CALL(sized(tensor_view, m.a23, {4}, out))},
    {"ReshapeToAnotherNumberOfElements", kRuntime, "shape '[5]' is invalid for input of size 6",
     CALL(sized(tensor_reshape, m.a23, {5}, out))},
    {"StridesDoNotAllow", kRuntime,
     "view size is not compatible with input tensor's size and stride (at least one dimension "
     "spans "
     "across "
     "two contiguous subspaces). Use .reshape(...) instead.",
     CALL(sized(tensor_view, m.turned, {6}, out))},
    {"TwoUnknownSizes", kRuntime, "only one dimension can be inferred",
     CALL(sized(tensor_view, m.a23, {-1, -1}, out))},
    {"NegativeSize", kRuntime, "invalid shape dimension -2 at index 0 of shape [-2, 3]",
     CALL(sized(tensor_view, m.a23, {-2, 3}, out))},
    {"AmbiguousSize", kRuntime,
     "cannot reshape tensor of 0 elements into shape [-1, 0] because the unspecified dimension "
     "size "
     "-1 can be "
     "any value and is ambiguous",
     CALL(sized(tensor_view, m.none, {-1, 0}, out))},
    {"TransposeDim", kIndex,
     "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
     CALL(tensor_transpose(m.a23, 0, 2, out))},
    {"TOfThreeDims", kRuntime, "t() expects a tensor with <= 2 dimensions, but self is 3D",
     CALL(tensor_transpose_2d(m.cube, out))},
    {"PermuteTwice", kRuntime, "permute(): duplicate dims are not allowed.",
     CALL(sized(tensor_permute, m.a23, {0, 0}, out))},
    {"UnsqueezeDim", kIndex,
     "Dimension out of range (expected to be in range of [-3, 2], but got 4)",
     CALL(tensor_unsqueeze(m.a23, 4, out))},
    {"SqueezeDim", kIndex, "Dimension out of range (expected to be in range of [-2, 1], but got 5)",
     CALL(tensor_squeeze_dim(m.a23, 5, out))},
    {"SqueezeDims", kIndex,
     "Dimension out of range (expected to be in range of [-2, 1], but got 5)",
     CALL(sized(tensor_squeeze_dims, m.a23, {5}, out))},
    {"ExpandOfNotOne", kRuntime,
     "The expanded size of the tensor (4) must match the existing size (3) at non-singleton "
     "dimension 1.  "
     "Target sizes: [2, 4].  Tensor sizes: [2, 3]",
     CALL(sized(tensor_expand, m.a23, {2, 4}, out))},
    {"ExpandToFewerDims", kRuntime,
     "expand(torch.FloatTensor{[2, 3]}, size=[3]): the number of sizes provided (1) must be "
     "greater "
     "or equal "
     "to the number of dimensions in the tensor (2)",
     CALL(sized(tensor_expand, m.a23, {3}, out))},
    {"SelectIndex", kIndex,
     "select(): index 2 out of range for tensor of size [2, 3] at dimension 0",
     CALL(tensor_select(m.a23, 0, 2, out))},
    {"SelectOf0Dim", kIndex, "select() cannot be applied to a 0-dim tensor.",
     CALL(tensor_select(m.scalar, 0, 0, out))},
    {"SliceStep", TENSOR_ERROR_VALUE, "slice step must be positive",
     CALL(tensor_slice(m.a3, 0, 0, 2, 0, out))},
    {"NarrowTooFar", kRuntime, "start (1) + length (3) exceeds dimension size (3).",
     CALL(tensor_narrow(m.a3, 0, 1, 3, out))},
    {"NarrowStart", kIndex, "start out of range (expected to be in range of [-3, 3], but got 4)",
     CALL(tensor_narrow(m.a3, 0, 4, 1, out))},
    {"AsStridedOutside", kRuntime,
     "setStorage: sizes [2, 2], strides [2, 1], storage offset 0, and itemsize 4 requiring a "
     "storage "
     "size of "
     "16 are out of bounds for storage of size 12",
     CALL(strided(m.a3, {2, 2}, {2, 1}, out))},
    {"FlattenBackwards", kRuntime,
     "flatten() has invalid args: start_dim cannot come after end_dim",
     CALL(tensor_flatten(m.cube,
                         With(&tensor_flatten_options_t::start_dim, 2)
                             .add(&tensor_flatten_options_t::end_dim, tensor_some_int64(1)),
                         out))},
};

LIBTENSOR_MESSAGES(ViewMessage, kView);

const Case kMatrix[] = {
    {"InnerSizesDiffer", kRuntime, "mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
     CALL(tensor_mm(m.a23, m.a23, out))},
    {"NoMatrix", kRuntime, "mm: self must be a matrix, got 1-D tensor",
     CALL(tensor_mm(m.a3, m.a23, out))},
    {"DTypesDiffer", kRuntime,
     "expected m1 and m2 to have the same dtype, but got: float != double",
     CALL(tensor_mm(m.a23, m.double32, out))},
    {"MatmulOf0Dim", kRuntime,
     "both arguments to matmul need to be at least 1D, but they are 0D and 2D",
     CALL(tensor_matmul(m.scalar, m.a23, out))},
    {"MatmulSizesDiffer", kRuntime, "mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
     CALL(tensor_matmul(m.a23, m.a23, out))},
    {"MatrixVectorSizesDiffer", kRuntime, "size mismatch, got input (2), mat (2x3), vec (2)",
     CALL(tensor_matmul(m.a23, m.a2, out))},
    {"DotSizesDiffer", kRuntime,
     "inconsistent tensor size, expected tensor [2] and src [3] to have the same number of "
     "elements, "
     "but got 2 and 3 elements respectively",
     CALL(tensor_dot(m.a2, m.a3, out))},
    {"BatchSizesDiffer", kRuntime,
     "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 3].",
     CALL(tensor_bmm(m.cube, m.cube, out))},
};

LIBTENSOR_MESSAGES(MatrixMessage, kMatrix);

const Case kCreation[] = {
    {"NegativeSize", kRuntime, "Trying to create tensor with negative dimension -3: [2, -3]",
     CALL(tensor_empty(Shape{2, -3}.data(), 2, nullptr, out))},
    {"RandOfIntegers", kNoKernel, "\"check_uniform_bounds\" not implemented for 'Long'",
     CALL(random_integers(tensor_rand, out))},
    {"RandnOfIntegers", kNoKernel, "\"normal_kernel_cpu\" not implemented for 'Long'",
     CALL(random_integers(tensor_randn, out))},
    {"ArangeStep0", kRuntime, "step must be nonzero",
     CALL(tensor_arange(integer(0), integer(3), by(integer(0)), out))},
    {"ArangeWrongSign", kRuntime, "upper bound and lower bound inconsistent with step sign",
     CALL(tensor_arange(integer(0), integer(3), by(integer(-1)), out))},
    {"ArangeOfAllIntegers", kRuntime, "invalid size, possible overflow?",
     CALL(tensor_arange(integer(INT64_MIN), integer(INT64_MAX), nullptr, out))},
    {"ArangeOfALongStep", kRuntime, "invalid size, possible overflow?",
     CALL(tensor_arange(integer(0), integer(3), by(integer(INT64_MAX)), out))},
    {"ArangeOfALongWayDown", kRuntime, "invalid size, possible overflow?",
     CALL(tensor_arange(integer(INT64_MAX), integer(-1), by(integer(-1)), out))},
    {"ArangeOfALongStepDown", kRuntime, "invalid size, possible overflow?",
     CALL(tensor_arange(integer(0), integer(-3), by(integer(INT64_MIN)), out))},
    {"EyeNegative", kRuntime, "n must be greater or equal to 0, got -1",
     CALL(tensor_eye(-1, With(&tensor_eye_options_t::m, tensor_some_int64(2)), out))},
};

LIBTENSOR_MESSAGES(CreationMessage, kCreation);

}  // namespace
}  // namespace test
