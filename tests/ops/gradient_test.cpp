// Every differentiable operation against numeric differences, first and second order.
#include <fstream>
#include <set>

#include "gradient_case.h"

namespace test {
namespace {

std::vector<GradientCase> all_cases() {
  std::vector<GradientCase> all;
  for (auto& some : {pointwise_gradient_cases(), shape_gradient_cases(), reduction_gradient_cases(),
                     indexing_gradient_cases()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

class Gradient : public TensorTest, public testing::WithParamInterface<GradientCase> {
 protected:
  GradCheck check() const { return {GetParam().function, GetParam().shapes, GetParam().domain}; }
};

TEST_P(Gradient, EqualsDifferences) { check().first_order(); }
TEST_P(Gradient, OfTheGradientEqualsDifferences) { check().second_order(); }

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
  std::ifstream file(OPERATIONS_JSON);
  int rows = 0;
  for (std::string row; std::getline(file, row);) {
    if (field(row, "node").empty()) continue;
    ++rows;
    EXPECT_TRUE(covered.count(field(row, "name"))) << field(row, "name") << " has no case";
  }
  EXPECT_GT(rows, 60);
}

}  // namespace
}  // namespace test
