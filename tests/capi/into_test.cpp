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

TEST_F(Into, AnOutThatIsAnInput) {
  OK(tensor_mm_out(a_, b_, a_));
  expect_values(a_, product_);
}

TEST_F(Into, AnOutThatIsPartOfAnInput) {
  const Owned all = from<float>({1, 2, 3, 4, 9, 9}, {3, 2}),
              head = call(tensor_narrow, all, 0, 0, 2), tail = call(tensor_narrow, all, 0, 1, 2);
  OK(tensor_mm_out(head, b_, tail));
  expect_values(all, {1, 2, 19, 22, 43, 50});
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
  OK(tensor_addmm_(a_, a_, b_, integer(1), integer(1)));
  expect_values(a_, {20, 24, 46, 54});
}

TEST_F(Into, InPlaceOfOtherStrides) {
  const Owned turned = call(tensor_transpose, a_, 0, 1);
  OK(tensor_addmm_(turned, b_, b_, integer(2), integer(1)));
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
