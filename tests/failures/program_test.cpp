// Programs in which every allocation of the library fails in its turn, and every callback: nothing
// is lost, each callback's data is destroyed exactly once, and the same program works afterwards.
//
// Small blocks come from operator new (failing_new.h); large ones from the caching allocator, whose
// failures tests/capi/memory_test.cpp covers.
#include <cstdlib>

#include "failures/failing_new.h"
#include "support/tensors.h"

namespace test {
namespace {

// Callbacks: how many were handed over and destroyed, and which call of one fails.
int handed = 0, destroyed = 0, kept = 0;
int64_t until_callback_fails = 0, callbacks = 0;

void destroy(void*) { ++destroyed; }

tensor_status_t called() {
  ++callbacks;
  if (until_callback_fails > 0 && --until_callback_fails == 0)
    return tensor_set_last_error(TENSOR_ERROR_VALUE, "this callback fails");
  return TENSOR_OK;
}

// Calls one function after the other until one fails. No step of it allocates by itself.
class Program {
 public:
  template <class F, class... Args>
  bool operator()(F* function, Args... args) {
    if (status_ == TENSOR_OK) status_ = function(args...);
    return status_ == TENSOR_OK;
  }
  // For functions that take a callback over: from here on it is destroyed once, whatever happens.
  template <class F, class... Args>
  bool hand_over(F* function, Args... args) {
    if (status_ != TENSOR_OK) return false;
    ++handed;
    return (*this)(function, args...);
  }
  tensor_status_t status() const { return status_; }

 private:
  tensor_status_t status_ = TENSOR_OK;
};

// The programs begin with these.
struct Leaves {
  tensor_t* x;  // [2, 3], requires grad
  tensor_t* w;  // [3, 3], requires grad
};

tensor_status_t doubled(tensor_t** grad) {
  tensor_t* result = nullptr;
  const tensor_status_t status = tensor_mul_scalar(*grad, number(2), &result);
  if (status == TENSOR_OK) *grad = result;
  return status;
}

// ---- callbacks

tensor_status_t on_gradient(void*, tensor_t** grad) {
  const tensor_status_t status = doubled(grad);
  return status == TENSOR_OK ? called() : status;  // fails when it has replaced the gradient
}
tensor_status_t on_leaf(void*, tensor_t*) { return called(); }
tensor_status_t on_gradients(void*, tensor_t* const*, size_t) { return called(); }
tensor_status_t before_node(void*, tensor_t** grads, size_t) { return on_gradient(nullptr, grads); }
tensor_status_t after_node(void*, tensor_t** grads, size_t, tensor_t* const*, size_t) {
  return on_gradient(nullptr, grads);
}
tensor_status_t at_end(void*) { return called(); }
tensor_status_t queues(void*, tensor_t**) {
  Program run;
  run.hand_over(tensor_queue_callback, at_end, nullptr, destroy);
  run(called);
  return run.status();
}
tensor_status_t runs_backward(void*, tensor_t**) {
  Program run;
  tensor_t *x = nullptr, *y = nullptr;
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  bool before = false;
  run(tensor_grad_enabled_set, true, &before);
  run(tensor_ones, nullptr, size_t{0}, &options, &x) && run(tensor_exp, x, &y) &&
      run(tensor_backward, y) && run(called);
  tensor_grad_enabled_set(before, nullptr);
  tensor_release(x);
  tensor_release(y);
  return run.status();
}

// Elements are kept, not a handle: that would be the scope's.
struct Kept {
  float values[6];
};
tensor_status_t pack(void*, tensor_t* t, void** packed) {
  auto* copy = static_cast<Kept*>(std::malloc(sizeof(Kept)));
  Program run;
  run(called) && run(tensor_copy_to, t, copy, sizeof(Kept));
  if (run.status() == TENSOR_OK) {
    *packed = copy;
    ++kept;
  } else {
    std::free(copy);
  }
  return run.status();
}
tensor_status_t unpack(void*, void* packed, tensor_t** out) {
  const int64_t shape[] = {2, 3};
  Program run;
  run(called) && run(tensor_from_data, packed, shape, size_t{2}, nullptr, out);
  return run.status();
}
void discard(void*, void* packed) {
  --kept;
  std::free(packed);
}

// grad * saved * 2
tensor_status_t function_backward(void*, tensor_function_t* function, tensor_t* const* grads,
                                  size_t, tensor_t** grad_inputs, size_t) {
  Program run;
  tensor_t *saved = nullptr, *product = nullptr;
  run(tensor_function_saved_tensors, function, &saved, size_t{1}) &&
      run(tensor_mul, grads[0], saved, &product) &&
      run(tensor_mul_scalar, product, number(2), grad_inputs) && run(called);
  tensor_release(saved);
  tensor_release(product);
  return run.status();
}

// tanh(x @ x^T), summed where `user` is not NULL
tensor_status_t computes(void* user, tensor_t* const* inputs, size_t, tensor_t** outputs, size_t) {
  Program run;
  tensor_t *turned = nullptr, *product = nullptr, *result = nullptr;
  run(tensor_transpose, inputs[0], 0, 1, &turned) &&
      run(tensor_matmul, inputs[0], turned, &product) && run(called) &&
      run(tensor_tanh, product, user ? &result : outputs);
  if (user && run(tensor_sum, result, outputs)) run(called);
  for (tensor_t* t : {turned, product, result}) tensor_release(t);
  return run.status();
}
char summed;  // its address says so

// ---- programs: each leaves what it made to the scope around

void plain_step(Program& run, const Leaves& in) {
  tensor_t *product = nullptr, *hidden = nullptr, *sums = nullptr, *loss = nullptr;
  run(tensor_matmul, in.x, in.w, &product) && run(tensor_tanh, product, &hidden) &&
      run(tensor_mul, hidden, product, &sums) && run(tensor_sum, sums, &loss) &&
      run(tensor_backward, loss);
}

void several_roots(Program& run, const Leaves& in) {
  tensor_t *a = nullptr, *b = nullptr;
  tensor_cancel_t* cancel = nullptr;
  run(tensor_cancel_new, &cancel) && run(tensor_exp, in.x, &a) && run(tensor_mul, a, in.x, &b) &&
      run(tensor_retain_grad, a);
  tensor_t *roots[] = {a, b}, *wanted[] = {in.x, a}, *seeds[] = {in.x, in.x};
  tensor_backward_options_t options = tensor_backward_options_default();
  options.inputs = wanted;
  options.input_count = 2;
  options.cancel = cancel;
  run(tensor_autograd_backward, roots, size_t{2}, seeds, &options);
  tensor_cancel_release(cancel);
}

void from_edges_to_edges(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *total = nullptr, *first = nullptr;
  tensor_edge_t middle = {}, end = {};
  tensor_node_t *middle_node = nullptr, *end_node = nullptr;
  run(tensor_exp, in.x, &y) && run(tensor_sum, y, &total) &&
      run(tensor_gradient_edge, y, &middle_node, &middle.output_nr) &&
      run(tensor_gradient_edge, total, &end_node, &end.output_nr);
  middle.node = middle_node;
  end.node = end_node;
  run(tensor_autograd_grad_edges, &end, size_t{1}, &middle, size_t{1}, nullptr, nullptr, &first) &&
      run(tensor_autograd_backward_edges, &middle, size_t{1}, &first, nullptr);
  tensor_node_release(middle_node);
  tensor_node_release(end_node);
}

void second_order(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *total = nullptr, *first = nullptr, *again = nullptr;
  tensor_t* second[2] = {};
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  tensor_t* inputs[] = {in.x, in.w};
  run(tensor_tanh, in.x, &y) && run(tensor_sum, y, &total) &&
      run(tensor_autograd_grad, &total, size_t{1}, inputs, size_t{1}, nullptr, &options, &first) &&
      run(tensor_sum, first, &again);
  options.create_graph = false;
  options.materialize_grads = true;
  run(tensor_autograd_grad, &again, size_t{1}, inputs, size_t{2}, nullptr, &options, second);
}

void in_place_on_views(Program& run, const Leaves& in) {
  tensor_t *a = nullptr, *row = nullptr, *total = nullptr;
  run(tensor_mul_scalar, in.x, number(3), &a) && run(tensor_select, a, 0, 1, &row) &&
      run(tensor_mul_scalar_, row, number(2)) && run(tensor_exp_, a) &&
      run(tensor_retain_grad, row) && run(tensor_sum, a, &total) && run(tensor_backward, total);
}

// A change that fails has changed nothing, and what retained its gradient still does.
void in_place_on_what_retains_its_gradient(Program& run, const Leaves& in) {
  tensor_t *a = nullptr, *row = nullptr, *total = nullptr;
  run(tensor_mul_scalar, in.x, number(3), &a) && run(tensor_retain_grad, a) &&
      run(tensor_select, a, 0, 1, &row);
  uint32_t before = 0, after = 0;
  const auto check = [&](bool done) {
    if (done) ++before;
    EXPECT_TRUE(!a || tensor_version_of(a, &after) == TENSOR_OK);
    EXPECT_EQ(after, before) << "changed by a call that failed";
  };
  check(run(tensor_mul_scalar_, row, number(2)));
  check(run(tensor_exp_, a));
  bool retains = false;
  run(tensor_retains_grad, a, &retains) && run(tensor_sum, a, &total) &&
      run(tensor_backward, total);
  if (run.status() != TENSOR_OK) return;
  EXPECT_TRUE(retains);
  tensor_t* gradient = nullptr;
  EXPECT_TRUE(run(tensor_grad, a, &gradient) && gradient);
}

void hooks_of_tensors(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *total = nullptr;
  tensor_hook_t* hooks[4] = {};
  run(tensor_exp, in.x, &y);
  run.hand_over(tensor_register_hook, y, on_gradient, nullptr, destroy, &hooks[0]);
  run.hand_over(tensor_register_hook, in.x, on_gradient, nullptr, destroy, &hooks[1]);
  run.hand_over(tensor_register_hook, y, queues, nullptr, destroy, &hooks[2]);
  run.hand_over(tensor_register_post_accumulate_grad_hook, in.x, on_leaf, nullptr, destroy,
                &hooks[3]);
  run.hand_over(tensor_register_hook, y, runs_backward, nullptr, destroy, nullptr);
  run(tensor_sum, y, &total) && run(tensor_backward, total);
  for (tensor_hook_t* hook : hooks) {
    EXPECT_TRUE(!hook || tensor_hook_remove(hook) == TENSOR_OK);
    tensor_hook_release(hook);
  }
}

void hooks_of_several_tensors(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *total = nullptr;
  tensor_hook_t *all = nullptr, *any = nullptr;
  run(tensor_matmul, in.x, in.w, &y);
  tensor_t* tensors[] = {in.x, in.w, y};
  run.hand_over(tensor_register_multi_grad_hook, tensors, size_t{3}, on_gradients, nullptr, destroy,
                &all);
  run.hand_over(tensor_register_any_grad_hook, tensors, size_t{3}, on_leaf, nullptr, destroy, &any);
  run(tensor_sum, y, &total) && run(tensor_backward, total);
  for (tensor_hook_t* hook : {all, any}) {
    EXPECT_TRUE(!hook || tensor_hook_remove(hook) == TENSOR_OK);
    tensor_hook_release(hook);
  }
}

void hooks_of_nodes(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *total = nullptr;
  tensor_node_t* node = nullptr;
  run(tensor_mul, in.x, in.x, &y) && run(tensor_grad_fn, y, &node);
  run.hand_over(tensor_node_register_prehook, node, before_node, nullptr, destroy, nullptr);
  run.hand_over(tensor_node_register_hook, node, after_node, nullptr, destroy, nullptr);
  run(tensor_sum, y, &total) && run(tensor_backward, total);
  tensor_node_release(node);
}

void custom_function(Program& run, const Leaves& in) {
  tensor_function_t* function = nullptr;
  tensor_t *y = nullptr, *result = nullptr, *total = nullptr;
  tensor_t* input = in.x;
  run.hand_over(tensor_function_begin, &input, size_t{1}, "SquareBackward", function_backward,
                nullptr, destroy, &function);
  run(tensor_grad_enabled_set, false, nullptr) && run(tensor_mul, in.x, in.x, &y);
  tensor_grad_enabled_set(true, nullptr);
  run(tensor_function_save_for_backward, function, &input, size_t{1}) &&
      run(tensor_function_finish, function, &y, size_t{1}, &result) &&
      run(tensor_sum, result, &total) && run(tensor_backward, total);
  tensor_function_release(function);
}

void saved_tensor_hooks(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *z = nullptr, *total = nullptr;
  const bool pushed =
      run.hand_over(tensor_saved_tensors_hooks_push, pack, unpack, discard, nullptr, destroy);
  run(tensor_mul, in.x, in.x, &y) && run(tensor_exp, y, &z);
  if (pushed) tensor_saved_tensors_hooks_pop();
  run(tensor_sum, z, &total) && run(tensor_backward, total);
}

void checkpointed(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *z = nullptr, *input = in.x;
  run.hand_over(tensor_checkpoint, computes, nullptr, destroy, &input, size_t{1}, nullptr, &y,
                size_t{1});
  run.hand_over(tensor_checkpoint, computes, &summed, destroy, &y, size_t{1}, nullptr, &z,
                size_t{1});
  run(tensor_backward, z);
}

void products(Program& run, const Leaves& in) {
  tensor_t *input = in.x, *v = nullptr, *output = nullptr, *product = nullptr, *other = nullptr;
  tensor_t *second = nullptr, *third = nullptr;
  run(tensor_clone, in.x, &v) &&
      run(tensor_vjp, computes, &summed, &input, size_t{1}, nullptr, nullptr, &output, size_t{1},
          &product) &&
      run(tensor_jvp, computes, &summed, &input, size_t{1}, &v, nullptr, &second, size_t{1},
          &other);
  tensor_t *value = nullptr, *vector = nullptr;
  run(tensor_hvp, computes, &summed, &input, size_t{1}, &v, nullptr, &value, &vector) &&
      run(tensor_hessian, computes, &summed, &input, size_t{1}, nullptr, &third);
}

void jacobians(Program& run, const Leaves& in) {
  tensor_t *input = in.x, *jacobian = nullptr, *output = nullptr, *product = nullptr;
  tensor_vjp_t* kept_product = nullptr;
  run(tensor_jacobian, computes, nullptr, &input, size_t{1}, nullptr, size_t{1}, &jacobian);
  run(tensor_vjp_new, computes, nullptr, &input, size_t{1}, size_t{1}, &kept_product) &&
      run(tensor_vjp_output, kept_product, size_t{0}, &output) &&
      run(tensor_vjp_run, kept_product, &output, true, &product);
  tensor_vjp_release(kept_product);
}

void checks_gradients(Program& run, const Leaves& in) {
  tensor_t* input = nullptr;
  tensor_options_t options = tensor_options_default();
  options.dtype = TENSOR_FLOAT64;
  run(tensor_detach, in.x, &input) && run(tensor_to, input, &options, &input) &&
      run(tensor_set_requires_grad, input, true);
  run(tensor_gradcheck, computes, nullptr, &input, size_t{1}, size_t{1}, nullptr);
}

void looked_at(Program& run, const Leaves& in) {
  tensor_t *y = nullptr, *total = nullptr;
  char text[64];
  tensor_graph_memory_t memory = tensor_graph_memory_default();
  run(tensor_set_detect_anomaly, true, true) && run(tensor_set_location, "here") &&
      run(tensor_exp, in.x, &y) && run(tensor_sum, y, &total) &&
      run(tensor_graph_memory, &total, size_t{1}, &memory) &&
      run(tensor_graph_to_dot, &total, size_t{1}, nullptr, text, sizeof text, nullptr) &&
      run(tensor_graph_to_svg, &total, size_t{1}, nullptr, text, sizeof text, nullptr) &&
      run(tensor_backward, total);
  tensor_set_detect_anomaly(false, false);
}

struct Case {
  const char* name;
  void (*body)(Program&, const Leaves&);
  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class Failures : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    x_ = from<float>({0.1f, -0.2f, 0.3f, 0.4f, 0.5f, -0.6f}, {2, 3}, true);
    w_ = from<float>({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3}, true);
    ASSERT_EQ(run(), TENSOR_OK) << tensor_last_error();
    ASSERT_EQ(run(), TENSOR_OK);  // what is kept for the next time is there now
  }

  // Runs the program, gives everything back, and looks whether that is so.
  tensor_status_t run() {
    const size_t handles = tensor_live_handles();
    handed = destroyed = kept = 0;
    Program program;
    // Without a scope nothing would be given back, so this call must not fail.
    const int64_t failing = std::exchange(until_failure_, 0);
    EXPECT_EQ(tensor_scope_push(), TENSOR_OK);
    until_failure = failing;
    GetParam().body(program, {x_, w_});
    failed_ = failing > 0 && until_failure == 0;
    until_failure = 0;
    EXPECT_EQ(tensor_scope_pop(nullptr, 0), TENSOR_OK);
    EXPECT_EQ(tensor_set_grad(x_, nullptr), TENSOR_OK);
    EXPECT_EQ(tensor_set_grad(w_, nullptr), TENSOR_OK);
    EXPECT_EQ(tensor_live_handles(), handles) << "handles";
    EXPECT_EQ(destroyed, handed) << "callbacks' data";
    EXPECT_EQ(kept, 0) << "packed tensors";
    EXPECT_EQ(version(x_), 0u);
    return program.status();
  }
  // Each allocation fails in its turn, once through. How many there were.
  int64_t fail_allocations() {
    for (int64_t n = 1;; ++n) {
      until_failure_ = n;
      const tensor_status_t status = run();
      if (!failed_) return n - 1;
      // Some are not needed: a call that can do without goes on.
      if (status != TENSOR_OK) {
        EXPECT_EQ(status, TENSOR_ERROR_OUT_OF_MEMORY)
            << "allocation " << n << ": " << tensor_last_error();
      }
      if (HasFailure()) return n;
    }
  }

  Owned x_, w_;
  int64_t until_failure_ = 0;
  bool failed_ = false;
};

TEST_P(Failures, OfEachAllocationLoseNothing) {
  // Twice: what the first round leaves in caches is there in the second.
  const int64_t failures = fail_allocations();
  RecordProperty("failures", std::to_string(failures));
  ASSERT_GT(failures, kPooled ? 0 : 20);
  ASSERT_FALSE(HasFailure());
  const int64_t blocks = live_blocks;
  fail_allocations();
  EXPECT_EQ(live_blocks, blocks) << "blocks are lost";
  EXPECT_EQ(run(), TENSOR_OK) << tensor_last_error();
}

TEST_P(Failures, OfEachCallbackLoseNothing) {
  callbacks = 0;
  ASSERT_EQ(run(), TENSOR_OK) << tensor_last_error();
  const int64_t all = callbacks;
  if (all == 0) GTEST_SKIP() << "has no callbacks";
  for (int round = 0; round < 2; ++round) {
    const int64_t blocks = live_blocks;
    for (int64_t n = 1; n <= all; ++n) {
      until_callback_fails = n;
      EXPECT_EQ(run(), TENSOR_ERROR_VALUE) << "call " << n;
      EXPECT_STREQ(tensor_last_error(), "this callback fails");
      EXPECT_EQ(until_callback_fails, 0);
      until_callback_fails = 0;
      ASSERT_FALSE(HasFailure()) << "call " << n << " of " << all;
    }
    EXPECT_TRUE(round == 0 || live_blocks == blocks) << live_blocks - blocks << " blocks are lost";
  }
  EXPECT_EQ(run(), TENSOR_OK) << tensor_last_error();
}

INSTANTIATE_TEST_SUITE_P(
    Of, Failures,
    testing::Values(Case{"PlainStep", plain_step}, Case{"SeveralRoots", several_roots},
                    Case{"FromEdgesToEdges", from_edges_to_edges},
                    Case{"SecondOrder", second_order}, Case{"InPlaceOnViews", in_place_on_views},
                    Case{"InPlaceOnWhatRetainsItsGradient", in_place_on_what_retains_its_gradient},
                    Case{"HooksOfTensors", hooks_of_tensors},
                    Case{"HooksOfSeveralTensors", hooks_of_several_tensors},
                    Case{"HooksOfNodes", hooks_of_nodes}, Case{"CustomFunction", custom_function},
                    Case{"SavedTensorHooks", saved_tensor_hooks},
                    Case{"Checkpointed", checkpointed}, Case{"Products", products},
                    Case{"Jacobians", jacobians}, Case{"GradientChecks", checks_gradients},
                    Case{"LookedAt", looked_at}),
    [](const auto& each) { return std::string(each.param.name); });

// How many blocks `body` takes from operator new.
template <class F>
int64_t blocks_of(F body) {
  const int64_t before = made_blocks;
  body();
  return made_blocks - before;
}

// Recording adds one block to an operation, the node's; and with the pool warm none at all comes
// from the system. AddressSanitizer's build has no pool, so each can be counted there.
TEST(Allocations, OfARecordedOperationAreThoseOfAnyAndTheNode) {
  const Owned x = scalar_leaf(2), other = plain({3}, {});
  constexpr int kCount = 100;
  tensor_t* made[kCount];
  const auto multiply = [&](tensor_t* by) {
    for (int i = 0; i < kCount; ++i)
      ASSERT_EQ(tensor_mul(i ? made[i - 1] : by, by, &made[i]), TENSOR_OK);
  };
  const auto drop = [&] {
    for (tensor_t* t : made) tensor_release(t);
  };
  for (int warm = 0; warm < 3; ++warm) {
    for (tensor_t* by : {static_cast<tensor_t*>(x), static_cast<tensor_t*>(other)}) {
      multiply(by);
      drop();
    }
  }
  const int64_t plain = blocks_of([&] { multiply(other); });
  drop();
  const int64_t recorded = blocks_of([&] { multiply(x); });
  if (kPooled) {
    EXPECT_EQ(plain, 0);
    EXPECT_EQ(recorded, 0);
  } else {
    EXPECT_EQ(recorded - plain, kCount + 1);  // the leaf has a node as well
  }
  // Nor does backward take a block for each node beyond the gradients, which are tensors.
  const int64_t backward =
      blocks_of([&] { ASSERT_EQ(tensor_backward(made[kCount - 1]), TENSOR_OK); });
  EXPECT_LE(backward, kPooled ? kCount / 2 : 2 * 2 * kCount + kCount / 2);
  drop();
}

}  // namespace
}  // namespace test
