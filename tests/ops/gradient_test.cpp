// Every differentiable operation of the table against numeric differences, first and second order:
// tensor_gradcheck and tensor_gradgradcheck in float64.
#include <fstream>
#include <set>

#include "gradient_case.h"
#include "support/data_file.h"

namespace test {
namespace {

// The samples by hand, and for each row of the table that has none, or is pointwise, one that the
// generator derived from its arguments.
std::vector<GradientCase> all_cases() {
  std::vector<GradientCase> all;
  std::set<std::string> by_hand;
  for (auto& some : {pointwise_gradient_cases(), shape_gradient_cases(), reduction_gradient_cases(),
                     indexing_gradient_cases()}) {
    all.insert(all.end(), some.begin(), some.end());
    for (const GradientCase& c : some) by_hand.insert(c.op);
  }
  for (const GradientCase& c : derived_gradient_cases()) {
    if (c.is_pointwise || !by_hand.count(c.op)) all.push_back(c);
  }
  return all;
}

class Gradient : public TensorTest, public testing::WithParamInterface<GradientCase> {};

TEST_P(Gradient, EqualsDifferences) {
  expect_gradients(GetParam().function, GetParam().shapes, GetParam().domain);
}
TEST_P(Gradient, OfTheGradientEqualsDifferences) {
  expect_second_gradients(GetParam().function, GetParam().shapes, GetParam().domain);
}

std::string name_of(const testing::TestParamInfo<GradientCase>& info) {
  std::string name =
      std::string(info.param.op) + "_" + info.param.label + "_" + std::to_string(info.index);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, Gradient, testing::ValuesIn(all_cases()), name_of);

// The value of "key": "..." in a row of the description of the operations; "" for null.
std::string field(const std::string& row, const std::string& key) {
  const std::string start = "\"" + key + "\": \"";
  const size_t at = row.find(start);
  if (at == std::string::npos) return "";
  const size_t begin = at + start.size();
  return row.substr(begin, row.find('"', begin) - begin);
}

TEST(GradientCoverage, EveryOperationWithANodeIsChecked) {
  std::set<std::string> covered = {"to_copy", "alias"};  // what tensor_to and detach are made of
  for (const GradientCase& c : all_cases()) covered.insert(c.op);
  std::ifstream file(data_file("ops.json"));
  int rows = 0;
  for (std::string row; std::getline(file, row);) {
    if (field(row, "node").empty() || field(row, "node") == "NotImplemented") continue;
    ++rows;
    EXPECT_TRUE(covered.count(field(row, "name")))
        << field(row, "name")
        << " has a gradient that nothing checks: its arguments are of a kind that no sample can be "
           "derived from, so add a line to one of tests/ops/*_gradient_cases.cpp";
  }
  EXPECT_GT(rows, 60);
}

}  // namespace
}  // namespace test
