// A stack of 64 KiB is enough for everything.
#include <climits>

#include "support/callbacks.h"
#include "support/refusal.h"
#include "support/stack.h"

namespace test {
namespace {

const size_t kStack = std::max<size_t>(64 << 10, PTHREAD_STACK_MIN);

class SmallStack : public TensorTest {
 protected:
  static void run(const std::function<void()>& body) { on_small_stack(kStack, body); }
};

const tensor_dtype_t kDTypes[] = {TENSOR_UINT8, TENSOR_INT32,   TENSOR_INT64,
                                  TENSOR_BOOL,  TENSOR_FLOAT16, TENSOR_FLOAT64};

// Of every dtype, with strides that fit nobody: the ways with the most buffers.
TEST_F(SmallStack, PointwiseOfStridesAndDtypes) {
  run([] {
    for (tensor_dtype_t dtype : kDTypes) {
      const Owned a = call(tensor_transpose, filled({70, 50}, 1, dtype), 0, 1);
      const Owned b = filled({50, 1}, 1, TENSOR_INT16), c = filled({70}, 1, TENSOR_FLOAT32);
      const Owned sum = call(tensor_add, call(tensor_mul, a, b), c);
      expect_values(call(tensor_sum, sum), {7000});
      const Owned one_way = call(tensor_where, call(tensor_gt, a, b), a, c);
      expect_values(call(tensor_sum, one_way), {3500});
    }
  });
}

TEST_F(SmallStack, Reductions) {
  run([] {
    const int64_t dims[] = {0};
    for (tensor_dtype_t dtype : kDTypes) {
      const Owned a = filled({1000, 300}, 1, dtype), turned = call(tensor_transpose, a, 0, 1);
      for (const tensor_t* t : {static_cast<tensor_t*>(a), static_cast<tensor_t*>(turned)}) {
        call(tensor_sum, t);
        call(tensor_sum_dim, t, dims, size_t{1}, false);
        Owned values, indices;
        OK(tensor_max_dim(t, 0, nullptr, values.out(), indices.out()));
        OK(tensor_max_dim(t, 1, nullptr, values.out(), indices.out()));
      }
    }
  });
}

TEST_F(SmallStack, Products) {
  run([] {
    for (tensor_dtype_t dtype : kDTypes) {
      if (dtype == TENSOR_BOOL) continue;
      for (int64_t n : {5, 64, 300}) {
        const Owned a = filled({n, n}, 1, dtype);
        call(tensor_mm, a, call(tensor_transpose, a, 0, 1));
      }
    }
    call(tensor_mm, filled({300, 300}, 1, TENSOR_FLOAT32), filled({300, 300}, 1, TENSOR_FLOAT32));
  });
}

TEST_F(SmallStack, BackwardAndSecondDerivatives) {
  run([] {
    const Owned x = filled({40, 40}, 0.5, TENSOR_FLOAT64, true);
    Owned y = call(tensor_mm, x, x);
    for (int i = 0; i < 300; ++i) y = call(tensor_tanh, y);
    const Owned total = call(tensor_sum, call(tensor_softmax, y, 1));
    tensor_t *root = total, *input = x;
    tensor_backward_options_t create = tensor_backward_options_default();
    create.create_graph = true;
    Owned first;
    OK(tensor_autograd_grad(&root, 1, &input, 1, nullptr, &create, first.out()));
    OK(tensor_backward(call(tensor_sum, first)));
  });
}

// A leaf whose gradient's hook runs the next backward.
void backward_within_backward(int levels, int* reached) {
  ++*reached;
  if (levels == 0) return;
  const NoGrad enabled(true);
  const Owned x = filled({2}, 1, TENSOR_FLOAT64, true);
  const OwnedHook hook = hooked<OnTensor>(
      tensor_register_hook,
      [&](tensor_t**) {
        backward_within_backward(levels - 1, reached);
        return TENSOR_OK;
      },
      nullptr, static_cast<tensor_t*>(x));
  OK(tensor_backward(call(tensor_sum, call(tensor_exp, x))));
}

TEST_F(SmallStack, BackwardWithinBackward) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer makes the frames larger than a level may be";
#endif
  run([] {
    int reached = 0;
    backward_within_backward(150, &reached);
    EXPECT_EQ(reached, 151);
  });
}

TEST_F(SmallStack, TextsAndMessages) {
  run([] {
    const Owned x = filled({30, 30, 30}, 1.5, TENSOR_FLOAT32, true);
    const Owned y = call(tensor_sum, call(tensor_mul, call(tensor_exp, x), x));
    tensor_t* outputs[] = {y};
    char text[64];
    OK(tensor_to_string(x, text, sizeof text, nullptr));
    for (auto* draw : {tensor_graph_to_dot, tensor_graph_to_svg, tensor_graph_to_html})
      OK(draw(outputs, 1, nullptr, text, sizeof text, nullptr));
    tensor_t* out = nullptr;
    const int64_t shape[] = {7};
    EXPECT_EQ(tensor_view(x, shape, 1, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  });
}

TEST_F(SmallStack, RandomNumbers) {
  run([] {
    OK(tensor_manual_seed(1));
    const Owned state = call(tensor_get_rng_state);
    const int64_t shape[] = {100, 100};
    const tensor_options_t settings = options(TENSOR_FLOAT32);
    call(tensor_rand, shape, size_t{2}, &settings);
    call(tensor_randn, shape, size_t{2}, &settings);
    OK(tensor_set_rng_state(state));
  });
}

}  // namespace
}  // namespace test
