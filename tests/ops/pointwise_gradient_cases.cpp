#include "gradient_case.h"

namespace test {
namespace {

const std::vector<Shape> kSame = {{2, 3}, {2, 3}}, kRow = {{2, 3}, {3}}, kBoth = {{2, 1}, {1, 3}};
const std::vector<Shape> kScalar = {{2, 3}, {}}, kOne = {{2, 3}}, kNone = {{0, 3}, {3}};

// The same operation on shapes that meet in every way.
template <class F, class... More>
void add_binary(std::vector<GradientCase>& cases, const char* op, F* f, Domain domain,
                More... more) {
  cases.push_back({op, "same shape", kSame, binary(f, more...), domain});
  cases.push_back({op, "broadcast row", kRow, binary(f, more...), domain});
  cases.push_back({op, "broadcast both", kBoth, binary(f, more...), domain});
  cases.push_back({op, "0-dim other", kScalar, binary(f, more...), domain});
  cases.push_back({op, "0-dim self", {{}, {2, 3}}, binary(f, more...), domain});
  cases.push_back({op, "nothing", kNone, binary(f, more...), domain});
}

Owned mask() { return from<double>({1, 0, 1, 0, 1, 1}, {2, 3}); }
Owned condition() { return call(tensor_gt_scalar, mask(), number(0)); }

}  // namespace

std::vector<GradientCase> pointwise_gradient_cases() {
  std::vector<GradientCase> cases;
  add_binary(cases, "add", tensor_add, {});
  add_binary(cases, "sub", tensor_sub, {});
  add_binary(cases, "mul", tensor_mul, {});
  add_binary(cases, "div", tensor_div, kPositive);
  add_binary(cases, "pow", tensor_pow, kPositive);
  add_binary(cases, "maximum", tensor_maximum, {});
  add_binary(cases, "minimum", tensor_minimum, {});
  add_binary(cases, "add_alpha", tensor_add_alpha, {}, number(2.5));
  add_binary(cases, "sub_alpha", tensor_sub_alpha, {}, number(2.5));

  add_binary(cases, "remainder", tensor_remainder, kPositive);
  add_binary(cases, "div_trunc", tensor_div_trunc, kPositive);
  add_binary(cases, "div_floor", tensor_div_floor, kPositive);

  const std::vector<GradientCase> numbers = {
      {"remainder_scalar", "", kOne, unary(tensor_remainder_scalar, number(0.7))},
      {"div_trunc_scalar", "", kOne, unary(tensor_div_trunc_scalar, number(0.7))},
      {"div_floor_scalar", "", kOne, unary(tensor_div_floor_scalar, number(0.7))},
      {"add_scalar", "", kOne, unary(tensor_add_scalar, number(3))},
      {"sub_scalar", "", kOne, unary(tensor_sub_scalar, number(3))},
      {"rsub_scalar", "", kOne, unary(tensor_rsub_scalar, number(3))},
      {"mul_scalar", "", kOne, unary(tensor_mul_scalar, number(3))},
      {"div_scalar", "", kOne, unary(tensor_div_scalar, number(3))},
      {"pow_scalar", "square", kOne, unary(tensor_pow_scalar, integer(2))},
      {"pow_scalar", "zeroth", kOne, unary(tensor_pow_scalar, integer(0))},
      {"pow_scalar", "first", kOne, unary(tensor_pow_scalar, integer(1))},
      {"pow_scalar", "root", kOne, unary(tensor_pow_scalar, number(0.5)), kPositive},
      {"pow_scalar", "negative", kOne, unary(tensor_pow_scalar, number(-1.5)), kPositive},
      {"scalar_pow", "", kOne,
       [](const Inputs& in) { return call(tensor_scalar_pow, number(2.5), in[0]); }},
  };
  const std::vector<GradientCase> functions = {
      {"neg", "", kOne, unary(tensor_neg)},
      {"abs", "", kOne, unary(tensor_abs)},
      {"sgn", "", kOne, unary(tensor_sgn)},
      {"relu", "", kOne, unary(tensor_relu)},
      {"reciprocal", "", kOne, unary(tensor_reciprocal), kPositive},
      {"exp", "", kOne, unary(tensor_exp)},
      {"log", "", kOne, unary(tensor_log), kPositive},
      {"sqrt", "", kOne, unary(tensor_sqrt), kPositive},
      {"tanh", "", kOne, unary(tensor_tanh)},
      {"sigmoid", "", kOne, unary(tensor_sigmoid)},
      {"exp", "0-dim", {{}}, unary(tensor_exp)},
      {"tanh", "nothing", {{0}}, unary(tensor_tanh)},
  };
  const std::vector<GradientCase> in_place = {
      {"add", "in place", kRow, binary_in_place(tensor_add_)},
      {"sub", "in place", kRow, binary_in_place(tensor_sub_)},
      {"mul", "in place", kRow, binary_in_place(tensor_mul_)},
      {"div", "in place", kRow, binary_in_place(tensor_div_), kPositive},
      {"pow", "in place", kRow, binary_in_place(tensor_pow_), kPositive},
      {"add_alpha", "in place", kRow, binary_in_place(tensor_add_alpha_, number(2))},
      {"mul_scalar", "in place", kOne, unary_in_place(tensor_mul_scalar_, number(2))},
      {"pow_scalar", "in place", kOne, unary_in_place(tensor_pow_scalar_, number(3))},
      {"exp", "in place", kOne, unary_in_place(tensor_exp_)},
      {"log", "in place", kOne, unary_in_place(tensor_log_), kPositive},
      {"sqrt", "in place", kOne, unary_in_place(tensor_sqrt_), kPositive},
      {"tanh", "in place", kOne, unary_in_place(tensor_tanh_)},
      {"sigmoid", "in place", kOne, unary_in_place(tensor_sigmoid_)},
      {"relu", "in place", kOne, unary_in_place(tensor_relu_)},
      {"abs", "in place", kOne, unary_in_place(tensor_abs_)},
      {"neg", "in place", kOne, unary_in_place(tensor_neg_)},
      {"reciprocal", "in place", kOne, unary_in_place(tensor_reciprocal_), kPositive},
      {"copy", "", kRow, binary_in_place(tensor_copy_)},
      {"fill", "", kOne, unary_in_place(tensor_fill_, number(2))},
      {"fill_tensor", "", kScalar, binary_in_place(tensor_fill_tensor_)},
      {"zero", "", kOne, unary_in_place(tensor_zero_)},
      {"eq", "in place", kSame, binary_in_place(tensor_eq_)},
      {"eq_scalar", "in place", kOne, unary_in_place(tensor_eq_scalar_, number(1))},
      {"ne", "in place", kSame, binary_in_place(tensor_ne_)},
      {"ne_scalar", "in place", kOne, unary_in_place(tensor_ne_scalar_, number(1))},
      {"lt", "in place", kSame, binary_in_place(tensor_lt_)},
      {"lt_scalar", "in place", kOne, unary_in_place(tensor_lt_scalar_, number(0.123))},
      {"le", "in place", kSame, binary_in_place(tensor_le_)},
      {"le_scalar", "in place", kOne, unary_in_place(tensor_le_scalar_, number(0.123))},
      {"gt", "in place", kSame, binary_in_place(tensor_gt_)},
      {"gt_scalar", "in place", kOne, unary_in_place(tensor_gt_scalar_, number(0.123))},
      {"ge", "in place", kSame, binary_in_place(tensor_ge_)},
      {"ge_scalar", "in place", kOne, unary_in_place(tensor_ge_scalar_, number(0.123))},
  };
  const std::vector<GradientCase> choices = {
      {"where", "", kSame,
       [](const Inputs& in) { return call(tensor_where, condition(), in[0], in[1]); }},
      {"where",
       "broadcast",
       {{3}, {}},
       [](const Inputs& in) { return call(tensor_where, condition(), in[0], in[1]); }},
      {"where_scalar_other", "", kOne,
       [](const Inputs& in) {
         return call(tensor_where_scalar_other, condition(), in[0], number(1));
       }},
      {"where_scalar_self", "", kOne,
       [](const Inputs& in) {
         return call(tensor_where_scalar_self, condition(), number(1), in[0]);
       }},
  };
  for (const auto* more : {&numbers, &functions, &in_place, &choices}) {
    cases.insert(cases.end(), more->begin(), more->end());
  }
  return cases;
}

}  // namespace test
