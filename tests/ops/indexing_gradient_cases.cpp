#include "gradient_case.h"

namespace test {
namespace {

Owned positions(std::vector<int64_t> values, Shape shape) { return from(values, shape); }

template <class T>
Function joined(tensor_status_t (*f)(tensor_t* const*, size_t, const T*, tensor_t**), int64_t dim) {
  return [=](const Inputs& in) {
    Handles list;
    for (const tensor_t* t : in) list.push_back(const_cast<tensor_t*>(t));
    return call(f, list.data(), list.size(), With(&T::dim, dim));
  };
}
Function nll(Shape target_shape, std::vector<int64_t> target, bool weighted,
             tensor_reduction_t reduction) {
  return [=](const Inputs& in) {
    const Owned weight = weighted ? plain({0.5, 1, 2}) : Owned();
    return call(tensor_nll_loss, in[0], positions(target, target_shape),
                With(&tensor_nll_loss_options_t::weight, weight)
                    .add(&tensor_nll_loss_options_t::reduction, reduction));
  };
}
Function entropy(std::vector<int64_t> target, bool weighted, tensor_reduction_t reduction,
                 double smoothing) {
  return [=](const Inputs& in) {
    const Owned weight = weighted ? plain({0.5, 1, 2}) : Owned();
    using Options = tensor_cross_entropy_with_options_t;
    return call(tensor_cross_entropy_with, in[0],
                positions(target, {static_cast<int64_t>(target.size())}),
                With(&Options::weight, weight)
                    .add(&Options::reduction, reduction)
                    .add(&Options::label_smoothing, smoothing));
  };
}
// f(self, 0, index, source) for a 2-d index.
template <class F>
Function scattered(F* f) {
  return [=](const Inputs& in) {
    return call(f, in[0], 0, positions({0, 2, 1, 1, 0, 2}, {2, 3}), in[1]);
  };
}
template <class F>
Function scattered_in_place(F* f) {
  return [=](const Inputs& in) {
    Owned copy = call(tensor_clone, in[0]);
    EXPECT_EQ(f(copy, 0, positions({0, 2, 1, 1, 0, 2}, {2, 3}), in[1]), TENSOR_OK)
        << tensor_last_error();
    return copy;
  };
}
Function scatter_reduced(tensor_scatter_reduction_t reduce, bool include_self) {
  return [=](const Inputs& in) {
    return call(
        tensor_scatter_reduce, in[0], 0, positions({0, 2, 1, 1, 0, 2, 1, 1}, {4, 2}), in[1], reduce,
        With(&tensor_scatter_reduce_options_t::include_self, tensor_some_bool(include_self)));
  };
}

constexpr auto kMean = TENSOR_REDUCTION_MEAN, kSum = TENSOR_REDUCTION_SUM,
               kEach = TENSOR_REDUCTION_NONE;

}  // namespace

std::vector<GradientCase> indexing_gradient_cases() {
  return {
      {"cat", "", {{2, 3}, {1, 3}, {2, 3}}, joined(tensor_cat, 0)},
      {"cat", "last dim", {{2, 3}, {2, 1}}, joined(tensor_cat, -1)},
      {"cat", "beside nothing", {{2, 3}, {0}}, joined(tensor_cat, 0)},
      {"stack", "", {{2, 3}, {2, 3}}, joined(tensor_stack, 1)},
      {"stack", "0-dim", {{}, {}}, joined(tensor_stack, 0)},
      {"index_select",
       "twice the same",
       {{3, 2}},
       [](const Inputs& in) {
         return call(tensor_index_select, in[0], 0, positions({2, 0, 2}, {3}));
       }},
      {"index_select",
       "last dim",
       {{2, 3}},
       [](const Inputs& in) { return call(tensor_index_select, in[0], -1, positions({1}, {1})); }},
      {"index_add",
       "",
       {{3, 2}, {2, 2}},
       [](const Inputs& in) {
         return call(tensor_index_add, in[0], 0, positions({1, 1}, {2}), in[1]);
       }},
      {"gather",
       "",
       {{3, 3}},
       [](const Inputs& in) {
         return call(tensor_gather, in[0], 0, positions({0, 2, 1, 0}, {2, 2}));
       }},
      {"gather",
       "last dim",
       {{2, 3}},
       [](const Inputs& in) {
         return call(tensor_gather, in[0], 1, positions({0, 0, 2, 1}, {2, 2}));
       }},
      {"scatter", "", {{3, 3}, {2, 3}}, scattered(tensor_scatter)},
      {"scatter", "in place", {{3, 3}, {2, 3}}, scattered_in_place(tensor_scatter_)},
      {"scatter_add", "", {{3, 3}, {2, 3}}, scattered(tensor_scatter_add)},
      {"scatter_add", "in place", {{3, 3}, {2, 3}}, scattered_in_place(tensor_scatter_add_)},
      {"scatter_reduce",
       "sum",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_SUM, true)},
      {"scatter_reduce",
       "sum of others",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_SUM, false)},
      {"scatter_reduce",
       "prod",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_PROD, true)},
      {"scatter_reduce",
       "prod of others",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_PROD, false)},
      {"scatter_reduce",
       "mean",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_MEAN, true)},
      {"scatter_reduce",
       "mean of others",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_MEAN, false)},
      {"scatter_reduce",
       "amax",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_AMAX, true)},
      {"scatter_reduce",
       "amin of others",
       {{3, 3}, {4, 2}},
       scatter_reduced(TENSOR_SCATTER_REDUCTION_AMIN, false)},
      {"nll_loss", "mean", {{4, 3}}, nll({4}, {0, 2, 1, 1}, false, kMean)},
      {"nll_loss", "weighted mean", {{4, 3}}, nll({4}, {0, 2, 1, 1}, true, kMean)},
      {"nll_loss", "ignored", {{4, 3}}, nll({4}, {0, -100, 1, 1}, true, kMean)},
      {"nll_loss", "sum", {{4, 3}}, nll({4}, {0, 2, 1, 1}, true, kSum)},
      {"nll_loss", "each", {{4, 3}}, nll({4}, {0, 2, 1, 1}, true, kEach)},
      {"nll_loss", "one sample", {{3}}, nll({}, {2}, false, kMean)},
      {"nll_loss", "more dims", {{2, 3, 2}}, nll({2, 2}, {0, 2, 1, 1}, true, kMean)},
      {"cross_entropy",
       "",
       {{2, 3}},
       [](const Inputs& in) {
         return call(tensor_cross_entropy, in[0], positions({2, 0}, {2}));
       }},
      {"cross_entropy_with", "smooth", {{4, 3}}, entropy({0, 2, 1, 1}, false, kMean, 0.1)},
      {"cross_entropy_with",
       "smooth, weighted, ignored",
       {{4, 3}},
       entropy({0, -100, 1, 1}, true, kMean, 0.1)},
      {"cross_entropy_with", "each", {{4, 3}}, entropy({0, 2, 1, 1}, true, kEach, 0)},
      {"cross_entropy", "of probabilities", {{2, 3}, {2, 3}}, binary(tensor_cross_entropy)},
      {"mse_loss", "mean", {{2, 3}, {2, 3}}, binary(tensor_mse_loss, nullptr)},
      {"mse_loss",
       "sum",
       {{2, 3}, {2, 3}},
       binary(tensor_mse_loss, With(&tensor_mse_loss_options_t::reduction, kSum))},
      {"mse_loss",
       "each, broadcast",
       {{2, 3}, {3}},
       binary(tensor_mse_loss, With(&tensor_mse_loss_options_t::reduction, kEach))},
  };
}

}  // namespace test
