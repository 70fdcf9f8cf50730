// Saved-tensor hooks: a program keeps what nodes save in a form of its own.
#include <map>

#include "support/callbacks.h"
#include "support/refusal.h"

namespace test {
namespace {

// Keeps copies under numbers, and knows which of them still stand.
class Store {
 public:
  static tensor_status_t pack(void* self, tensor_t* t, void** packed) {
    auto* store = static_cast<Store*>(self);
    const uintptr_t key = ++store->packed;
    *packed = reinterpret_cast<void*>(key);
    if (store->pack_error) return refuse("pack failed");
    if (store->changes_input)
      return tensor_detach(t, store->kept[key].out()) == TENSOR_OK
                 ? tensor_add_scalar_(store->kept[key], number(1))
                 : TENSOR_ERROR_INTERNAL;
    return tensor_mul_scalar(t, number(store->factor), store->kept[key].out());
  }
  static tensor_status_t unpack(void* self, void* packed, tensor_t** out) {
    auto* store = static_cast<Store*>(self);
    ++store->unpacked;
    if (store->unpack_error) return refuse("unpack failed");
    return tensor_retain(store->kept.at(reinterpret_cast<uintptr_t>(packed)), out);
  }
  static void discard(void* self, void* packed) {
    auto* store = static_cast<Store*>(self);
    ++store->discarded;
    EXPECT_EQ(store->kept.erase(reinterpret_cast<uintptr_t>(packed)), 1u);
  }
  static void destroy(void* self) { ++static_cast<Store*>(self)->destroyed; }

  void push() { OK(tensor_saved_tensors_hooks_push(pack, unpack, discard, this, destroy)); }
  static void pop() { OK(tensor_saved_tensors_hooks_pop()); }

  double factor = 1;
  bool pack_error = false, unpack_error = false, changes_input = false;
  int packed = 0, unpacked = 0, discarded = 0, destroyed = 0;
  std::map<uintptr_t, Owned> kept;
};

class SavedHooks : public TensorTest {
 protected:
  const Owned x_ = leaf({2, 3});
  Store store_;
};

TEST_F(SavedHooks, PackAndUnpackEverySavedTensor) {
  store_.factor = 10;
  store_.push();
  const Owned y = call(tensor_mul, x_, x_);
  Store::pop();
  EXPECT_EQ(store_.packed, 2);
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(store_.unpacked, 2);
  expect_values(grad(x_), {40, 60});
  EXPECT_EQ(store_.discarded, 2);
  EXPECT_EQ(store_.destroyed, 1);
  EXPECT_TRUE(store_.kept.empty());
}

TEST_F(SavedHooks, AreNotCalledForWhatIsSavedOutside) {
  store_.push();
  Store::pop();
  OK(tensor_backward(call(tensor_sum, call(tensor_mul, x_, x_))));
  EXPECT_EQ(store_.packed, 0);
  EXPECT_EQ(store_.destroyed, 1);
}

TEST_F(SavedHooks, ServeResultsAndHigherDerivatives) {
  store_.push();
  const Owned y = call(tensor_exp, x_);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  const Owned total = call(tensor_sum, y);
  tensor_t *outputs[] = {total}, *inputs[] = {x_}, *first = nullptr, *second = nullptr;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, &options, &first));
  const Owned sum = call(tensor_sum, Owned(first));
  Store::pop();
  outputs[0] = sum;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, &second));
  expect_near(Owned(second), {std::exp(2), std::exp(3)});
}

TEST_F(SavedHooks, UnpackedLeafLeadsToTheLeaf) {
  store_.push();
  const Owned y = call(tensor_mul, call(tensor_mul, x_, x_), x_);
  Store::pop();
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  const Owned total = call(tensor_sum, y);
  tensor_t *outputs[] = {total}, *inputs[] = {x_}, *first = nullptr, *second = nullptr;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, &options, &first));
  const Owned gradient(first), sum = call(tensor_sum, gradient);
  expect_near(gradient, {12, 27});
  outputs[0] = sum;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, &second));
  expect_near(Owned(second), {12, 18});
}

TEST_F(SavedHooks, NoticeNoChangeOfTheOriginal) {
  store_.push();
  const Owned a = call(tensor_mul_scalar, x_, number(1)), y = call(tensor_mul, a, a);
  Store::pop();
  OK(tensor_add_scalar_(a, number(1)));
  OK(tensor_backward(call(tensor_sum, y)));
  expect_values(grad(x_), {4, 6});
}

TEST_F(SavedHooks, OfTheInnermostPushAreUsed) {
  Store inner;
  inner.factor = 3;
  store_.push();
  inner.push();
  const Owned y = call(tensor_mul, x_, x_);
  Store::pop();
  const Owned z = call(tensor_mul, x_, x_);
  Store::pop();
  EXPECT_EQ(inner.packed, 2);
  EXPECT_EQ(store_.packed, 2);
  OK(tensor_backward(call(tensor_sum, call(tensor_add, y, z))));
  expect_values(grad(x_), {16, 24});
}

TEST_F(SavedHooks, AreDiscardedWithTheGraphThatNeverRan) {
  store_.push();
  { const Owned y = call(tensor_mul, x_, x_); }
  EXPECT_EQ(store_.discarded, 2);
  Store::pop();
  EXPECT_EQ(store_.destroyed, 1);
}

TEST_F(SavedHooks, LiveAsLongAsAGraphNeedsThem) {
  Owned y;
  store_.push();
  y = call(tensor_mul, x_, x_);
  Store::pop();
  EXPECT_EQ(store_.destroyed, 0);
  y.release();
  EXPECT_EQ(store_.destroyed, 1);
}

TEST_F(SavedHooks, PackErrorComesOutOfTheOperation) {
  store_.pack_error = true;
  store_.push();
  expect_no_result({TENSOR_ERROR_VALUE, "pack failed"}, {x_},
                   [&](tensor_t** out) { return tensor_mul(x_, x_, out); });
  Store::pop();
  EXPECT_EQ(store_.discarded, 0);
  EXPECT_EQ(store_.destroyed, 1);
}

TEST_F(SavedHooks, UnpackErrorComesOutOfBackward) {
  store_.unpack_error = true;
  store_.push();
  {
    const Owned y = call(tensor_sum, call(tensor_mul, x_, x_));
    Store::pop();
    expect_refusal({TENSOR_ERROR_VALUE, "unpack failed"}, {x_}, [&] { return tensor_backward(y); });
  }
  EXPECT_EQ(store_.discarded, 2);
  EXPECT_EQ(store_.destroyed, 1);
}

TEST_F(SavedHooks, PackMustNotChangeItsInput) {
  store_.changes_input = true;
  store_.push();
  tensor_t* out = nullptr;
  EXPECT_EQ(tensor_mul(x_, x_, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(
      std::string(tensor_last_error()).find("A saved tensor pack hook is modifying its input"), 0u);
  Store::pop();
  EXPECT_EQ(store_.discarded, store_.packed);
}

TEST_F(SavedHooks, CanBeDisabledWithAMessage) {
  OK(tensor_saved_tensors_hooks_disable("not here"));
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "not here"}, {}, [&] {
    return tensor_saved_tensors_hooks_push(Store::pack, Store::unpack, Store::discard, &store_,
                                           Store::destroy);
  });
  EXPECT_EQ(store_.destroyed, 1);
  OK(tensor_saved_tensors_hooks_disable(nullptr));
  store_.push();
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "too late"}, {},
                 [&] { return tensor_saved_tensors_hooks_disable("too late"); });
  Store::pop();
}

TEST_F(SavedHooks, PopWithoutPushIsRefused) {
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "no saved tensors hooks are set on this thread"},
                 {}, [] { return tensor_saved_tensors_hooks_pop(); });
}

}  // namespace
}  // namespace test
