// PyTorch's words where operations meet wrong operands: pointwise, reductions, indexing. The
// literal texts are those of PyTorch 2.15.
#include "message.h"

namespace test {
namespace {

const Case kPointwise[] = {
    {"ShapesThatDoNotBroadcast", kRuntime,
     "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
     CALL(tensor_add(m.a23, m.a24, out))},
    {"InPlaceBroadcastOfSelf", kRuntime,
     "output with shape [3] doesn't match the broadcast shape [2, 3]",
     CALL(tensor_add_(m.a3, m.a23))},
    {"InPlaceLowerCategory", kRuntime,
     "result type Float can't be cast to the desired output type Long",
     CALL(tensor_add_(m.long3, m.a3))},
    {"InPlaceDivisionOfIntegers", kRuntime,
     "result type Float can't be cast to the desired output type Long",
     CALL(tensor_div_scalar_(m.long3, integer(2)))},
    {"InPlaceExpOfIntegers", kRuntime,
     "result type Float can't be cast to the desired output type Long", CALL(tensor_exp_(m.long3))},
    {"OutOfALowerCategory", kRuntime,
     "result type Float can't be cast to the desired output type Long",
     CALL(tensor_add_out(m.a3, m.a3, m.long3))},
    {"InPlaceOnRepeatedElements", kRuntime,
     "unsupported operation: more than one element of the written-to tensor refers to a single "
     "memory "
     "location. Please clone() the tensor before performing the operation.",
     CALL(tensor_add_scalar_(m.expanded, number(1)))},
    {"SubtractBools", kNoKernel,
     "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
     "`logical_xor()` operator instead.",
     CALL(tensor_sub(m.bool3, m.bool3, out))},
    {"NegateBool", kNoKernel,
     "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
     "mask, use the `~` or `logical_not()` operator instead.",
     CALL(tensor_neg(m.bool3, out))},
    {"ReluOfBool", kNoKernel, "Boolean inputs not supported for relu",
     CALL(tensor_relu(m.bool3, out))},
    {"FloatingAlphaOfIntegers", kRuntime,
     "For integral input tensors, argument alpha must not be a floating point number.",
     CALL(tensor_add_alpha(m.long3, m.long3, number(1.5), out))},
    {"IntegersToANegativePower", kRuntime, "Integers to negative integer powers are not allowed.",
     CALL(tensor_pow_scalar(m.long3, integer(-1), out))},
    {"WhereWithoutABool", kRuntime,
     "where expected condition to be a boolean tensor, but got a tensor with dtype Float",
     CALL(tensor_where(m.a3, m.a3, m.a3, out))},
    {"FillWithAVector", kRuntime,
     "fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.",
     CALL(tensor_fill_tensor_(m.a3, m.a2))},
    {"CopyOfAnotherShape", kRuntime,
     "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
     CALL(tensor_copy_(m.a3, m.a2))},
};

LIBTENSOR_MESSAGES(PointwiseMessage, kPointwise);

constexpr int64_t kFirst[] = {0};

const Case kReduction[] = {
    {"MeanOfIntegers", kNoKernel,
     "mean(): could not infer output dtype. Input dtype must be either a "
     "floating point or complex dtype. Got: "
     "Long",
     CALL(tensor_mean(m.long3, out))},
    {"DimOutOfRange", kIndex,
     "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
     CALL(reduced(tensor_sum_dim, m.a3, {1}, out))},
    {"DimTwice", kRuntime, "dim 0 appears multiple times in the list of dims",
     CALL(reduced(tensor_sum_dim, m.a23, {0, -2}, out))},
    {"MaxOfNothing", kRuntime,
     "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
     "dim with the "
     "'dim' argument.",
     CALL(tensor_max(m.none, out))},
    {"AmaxOfNothing", kIndex, "amax(): Expected reduction dim 0 to have non-zero size.",
     CALL(tensor_amax(
         m.none3,
         With(&tensor_amax_options_t::dim, kFirst).add(&tensor_amax_options_t::dim_count, 1),
         out))},
    {"ArgmaxOfNothing", kIndex,
     "argmax(): Expected reduction dim to be specified for input.numel() == 0.",
     CALL(tensor_argmax(m.none, out))},
    {"SoftmaxDim", kIndex, "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
     CALL(tensor_softmax(m.a3, 1, out))},
    {"SoftmaxOfIntegers", kNoKernel, "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'",
     CALL(tensor_softmax(m.long3, 0, out))},
};

LIBTENSOR_MESSAGES(ReductionMessage, kReduction);

const Case kIndexing[] = {
    {"CatOfNothing", TENSOR_ERROR_VALUE, "torch.cat(): expected a non-empty list of Tensors",
     CALL(joined(tensor_cat, {}, out))},
    {"CatOf0Dim", kRuntime, "zero-dimensional tensor (at position 0) cannot be concatenated",
     CALL(joined(tensor_cat, {m.scalar, m.scalar}, out))},
    {"CatSizes", kRuntime,
     "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for tensor "
     "number 1 in "
     "the list.",
     CALL(joined(tensor_cat, {m.a23, m.a24}, out))},
    {"CatDims", kRuntime, "Tensors must have same number of dimensions: got 2 and 1",
     CALL(joined(tensor_cat, {m.a23, m.a2}, out))},
    {"StackShapes", kRuntime,
     "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1",
     CALL(joined(tensor_stack, {m.a2, m.a3}, out))},
    {"StackOfNothing", kRuntime, "stack expects a non-empty TensorList",
     CALL(joined(tensor_stack, {}, out))},
    {"IndexSelectOutOfRange", kIndex, "index out of range in self",
     CALL(tensor_index_select(m.a3, 0, from<int64_t>({3}, {1}), out))},
    {"IndexSelectFloatingIndex", kRuntime,
     "index_select(): Expected dtype int32 or int64 for index",
     CALL(tensor_index_select(m.a3, 0, m.a3, out))},
    {"IndexSelectMatrixIndex", kIndex, "index_select(): Index is supposed to be a vector",
     CALL(tensor_index_select(m.a3, 0, from<int64_t>({1}, {1, 1}), out))},
    {"GatherOutOfRange", kRuntime, "index 3 is out of bounds for dimension 0 with size 3",
     CALL(tensor_gather(m.a3, 0, from<int64_t>({3}, {1}), out))},
    {"GatherNegative", kRuntime, "index -1 is out of bounds for dimension 0 with size 3",
     CALL(tensor_gather(m.a3, 0, from<int64_t>({-1}, {1}), out))},
    {"GatherDims", kRuntime, "Index tensor must have the same number of dimensions as input tensor",
     CALL(tensor_gather(m.a23, 0, from<int64_t>({1}, {1}), out))},
    {"GatherSizes", kRuntime,
     "Size does not match at dimension 1 expected index [1, 4] to be no larger than self [2, 3] "
     "apart from "
     "dimension 0",
     CALL(tensor_gather(m.a23, 0, filled({1, 4}, 0, TENSOR_INT64), out))},
    {"GatherFloatingIndex", kRuntime, "gather(): Expected dtype int32/int64 for index",
     CALL(tensor_gather(m.a3, 0, m.a3, out))},
    {"NllTargetOutOfRange", kIndex, "Target 3 is out of bounds.",
     CALL(tensor_nll_loss(m.a23, from<int64_t>({0, 3}, {2}), nullptr, out))},
    {"NllBatchSizes", TENSOR_ERROR_VALUE,
     "Expected input batch_size (2) to match target batch_size (3).",
     CALL(tensor_nll_loss(m.a23, from<int64_t>({0, 1, 2}, {3}), nullptr, out))},
};

LIBTENSOR_MESSAGES(IndexingMessage, kIndexing);

}  // namespace
}  // namespace test
