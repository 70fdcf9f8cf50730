#include "gradient_case.h"

namespace test {
namespace {

// A function whose arguments are a shape or dims, which must outlive the call.
template <class F, class... More>
Function sized(F* f, Shape sizes, More... more) {
  return [=](const Inputs& in) { return call(f, in[0], sizes.data(), sizes.size(), more...); };
}
Function strided(Shape size, Shape stride, int64_t offset) {
  return [=](const Inputs& in) {
    return call(tensor_as_strided, in[0], size.data(), size.size(), stride.data(), stride.size(),
                With(&tensor_as_strided_options_t::storage_offset, tensor_some_int64(offset)));
  };
}
// Part number `part` of a list of results.
template <class F, class... Args>
Function part_of(size_t part, F* f, Args... args) {
  return [=](const Inputs& in) { return std::move(list(f, in[0], args...)[part]); };
}
Function split_part(size_t part, Shape sizes, int64_t dim) {
  return [=](const Inputs& in) {
    return std::move(list(tensor_split_with_sizes, in[0], sizes.data(), sizes.size(),
                          With(&tensor_split_with_sizes_options_t::dim, dim))[part]);
  };
}
// On a transposed input, whose order in memory is not that of its dims.
Function turned(const Function& f) {
  return [=](const Inputs& in) {
    const Owned t = call(tensor_transpose, in[0], 0, -1);
    return f({t});
  };
}

const std::vector<Shape> kMatrix = {{2, 3}}, kCube = {{2, 3, 2}}, kThin = {{1, 3, 1}};

}  // namespace

std::vector<GradientCase> shape_gradient_cases() {
  return {
      {"clone", "", kMatrix, unary(tensor_clone)},
      {"contiguous", "of a transpose", kMatrix, turned(unary(tensor_contiguous))},
      {"view", "", kMatrix, sized(tensor_view, {3, 2})},
      {"view", "unknown size", kMatrix, sized(tensor_view, {-1})},
      {"reshape", "that copies", kMatrix, turned(sized(tensor_reshape, {6}))},
      {"flatten", "", kCube, unary(tensor_flatten, With(&tensor_flatten_options_t::start_dim, 1))},
      {"transpose", "", kCube, unary(tensor_transpose, int64_t{0}, int64_t{2})},
      {"transpose", "in place", kMatrix, unary_in_place(tensor_transpose_, int64_t{0}, int64_t{1})},
      {"permute", "", kCube, sized(tensor_permute, {2, 0, 1})},
      {"transpose_2d", "", kMatrix, unary(tensor_transpose_2d)},
      {"transpose_2d", "of a vector", {{3}}, unary(tensor_transpose_2d)},
      {"squeeze", "", kThin, unary(tensor_squeeze)},
      {"squeeze", "in place", kThin, unary_in_place(tensor_squeeze_)},
      {"squeeze_dim", "", kThin, unary(tensor_squeeze_dim, int64_t{-1})},
      {"squeeze_dims", "", kThin, sized(tensor_squeeze_dims, {0, 1})},
      {"unsqueeze", "", kMatrix, unary(tensor_unsqueeze, int64_t{1})},
      {"unsqueeze", "in place", kMatrix, unary_in_place(tensor_unsqueeze_, int64_t{-1})},
      {"expand", "", kThin, sized(tensor_expand, {2, 3, 2})},
      {"expand", "more dims", kMatrix, sized(tensor_expand, {2, -1, -1})},
      {"select", "", kCube, unary(tensor_select, int64_t{1}, int64_t{-1})},
      {"slice",
       "step",
       {{5, 2}},
       unary(tensor_slice, int64_t{0}, int64_t{1}, int64_t{5}, int64_t{2})},
      {"slice",
       "empty",
       {{5, 2}},
       unary(tensor_slice, int64_t{0}, int64_t{3}, int64_t{3}, int64_t{1})},
      {"narrow", "", {{5, 2}}, unary(tensor_narrow, int64_t{0}, int64_t{1}, int64_t{3})},
      {"unbind", "", kCube, part_of(1, tensor_unbind, With(&tensor_unbind_options_t::dim, 1))},
      {"split", "", {{5, 2}}, part_of(2, tensor_split, int64_t{2}, nullptr)},
      {"split_with_sizes", "", {{5, 2}}, split_part(1, {1, 4}, 0)},
      {"chunk", "", {{5, 2}}, part_of(1, tensor_chunk, int64_t{3}, nullptr)},
      {"as_strided", "", {{6}}, strided({2, 2}, {2, 1}, 1)},
      {"as_strided", "overlapping", {{6}}, strided({3, 3}, {1, 1}, 1)},
      {"as_strided", "of a transpose", kMatrix, turned(strided({2, 2}, {3, 1}, 0))},
      {"detach", "beside itself", kMatrix,
       [](const Inputs& in) {
         const Owned same = call(tensor_detach, call(tensor_zeros_like, in[0], nullptr));
         return call(tensor_add, in[0], same);
       }},
      {"copy",
       "into a view",
       {{3, 2}, {2}},
       [](const Inputs& in) {
         Owned whole = call(tensor_clone, in[0]);
         EXPECT_EQ(tensor_copy_(call(tensor_select, whole, 0, 1), in[1]), TENSOR_OK);
         return whole;
       }},
      {"mul",
       "into a view of a view",
       {{3, 4}, {2}},
       [](const Inputs& in) {
         Owned whole = call(tensor_clone, in[0]);
         const Owned turned = call(tensor_transpose_2d, whole);
         EXPECT_EQ(
             tensor_mul_(call(tensor_narrow, call(tensor_select, turned, 0, 2), 0, 1, 2), in[1]),
             TENSOR_OK);
         return whole;
       }},
  };
}

}  // namespace test
