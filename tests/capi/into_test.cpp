// Operations that write straight into an out, where that could go wrong: other memory orders and
// dtypes, outs that are inputs, and what a warning's callback may change in the middle.
#include "support/callbacks.h"
#include "support/tensors.h"

namespace test {
namespace {

class Into : public TensorTest {
 protected:
  const Owned a_ = from<float>({1, 2, 3, 4}, {2, 2}), b_ = from<float>({5, 6, 7, 8}, {2, 2});
  const Values product_ = {19, 22, 43, 50};
};

// So many rows that a product is made in pieces, of which the later ones would read what the first
// have written.
constexpr int64_t kRows = 150;

Owned ones(const Shape& shape) { return filled(shape, 1, TENSOR_INT64); }
Values all(int64_t count, double value) { return Values(static_cast<size_t>(count), value); }

TEST_F(Into, AnOutThatIsAnInput) {
  const Owned factor = ones({kRows, 2});
  OK(tensor_mm_out(ones({kRows, kRows}), factor, factor));
  expect_values(factor, all(kRows * 2, kRows));
}

TEST_F(Into, AnOutThatIsPartOfAnInput) {
  const Owned whole = ones({kRows + 1, 2}), head = call(tensor_narrow, whole, 0, 0, kRows),
              tail = call(tensor_narrow, whole, 0, 1, kRows);
  OK(tensor_mm_out(head, ones({2, 2}), tail));
  expect_values(tail, all(kRows * 2, 2));
}

TEST_F(Into, AnOutOfOtherStrides) {
  const Owned out = filled({2, 2}, 0), turned = call(tensor_transpose, out, 0, 1);
  OK(tensor_mm_out(a_, b_, turned));
  expect_values(turned, product_);
  expect_values(out, {19, 43, 22, 50});
  OK(tensor_softmax_out(filled({2, 2}, 1), 0, turned));
  expect_values(out, {0.5, 0.5, 0.5, 0.5});
}

TEST_F(Into, AnOutOfAnotherShape) {
  const Owned out = filled({7}, 1), none = filled({0}, 1);
  for (const Owned* each : {&out, &none}) {
    OK(tensor_mm_out(a_, b_, *each));
    expect_values(*each, product_);
  }
}

TEST_F(Into, InPlaceWhereSelfIsAFactor) {
  const Owned self = ones({kRows, 2});
  OK(tensor_addmm_(self, ones({kRows, kRows}), self, nullptr));
  expect_values(self, all(kRows * 2, kRows + 1));
}

TEST_F(Into, InPlaceOfOtherStrides) {
  const Owned turned = call(tensor_transpose, a_, 0, 1);
  OK(tensor_addmm_(turned, b_, b_, With(&tensor_addmm_options_t::beta, integer(2))));
  expect_values(turned, {69, 84, 95, 114});
  const Owned rows = from<int64_t>({1}, {1}), source = from<float>({10, 20}, {1, 2});
  OK(tensor_index_add_(turned, 0, rows, source));
  expect_values(turned, {69, 84, 105, 134});
}

// The callback of the resize's warning gives an input another shape: what was inferred before no
// longer holds.
TEST_F(Into, AnInputThatAWarningChanges) {
  const Owned index = from<int64_t>({1, 0}, {1, 2}), out = filled({3}, 0);
  const Owned longer = from<int64_t>({0, 0, 1, 1}, {2, 2});
  const Callback<const char*> callback([&](const char*) { return tensor_set_data(index, longer); });
  OK(tensor_set_warning_callback(Callback<const char*>::call, callback.user(),
                                 Callback<const char*>::destroy));
  OK(tensor_gather_out(a_, 0, index, out));
  OK(tensor_set_warning_callback(nullptr, nullptr, nullptr));
  expect_values(out, {1, 2, 3, 4});
}

}  // namespace
}  // namespace test
