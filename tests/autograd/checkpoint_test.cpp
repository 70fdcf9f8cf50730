// Checkpoints: what a function's nodes would keep is computed again in backward.
#include <thread>

#include "support/callback.h"
#include "support/refusal.h"
#include "support/texts.h"

namespace test {
namespace {

// A function that is counted, and counts when it is let go.
struct Counted {
  Function function;
  int runs = 0, destroyed = 0;

  static tensor_status_t run(void* user, tensor_t* const* inputs, size_t count, tensor_t** outputs,
                             size_t) {
    auto* self = static_cast<Counted*>(user);
    ++self->runs;
    outputs[0] = self->function(Inputs(inputs, inputs + count)).give();
    return TENSOR_OK;
  }
  static void destroy(void* user) { ++static_cast<Counted*>(user)->destroyed; }
};

Owned checkpointed(Counted& counted, Handles inputs,
                   const tensor_checkpoint_options_t* options = nullptr) {
  Owned result;
  EXPECT_EQ(tensor_checkpoint(Counted::run, &counted, Counted::destroy, inputs.data(),
                              inputs.size(), options, result.out(), 1),
            TENSOR_OK)
      << tensor_last_error();
  return result;
}

uint64_t saved_bytes(tensor_t* output) {
  tensor_graph_memory_t memory = tensor_graph_memory_default();
  EXPECT_EQ(tensor_graph_memory(&output, 1, &memory), TENSOR_OK);
  return memory.saved_bytes;
}

class Checkpoint : public TensorTest {
 protected:
  static Owned exp_tanh_square(const Inputs& in) {
    const Owned a = call(tensor_tanh, call(tensor_exp, in[0]));
    return call(tensor_mul, a, a);
  }
  Values plain_gradient(const Function& function) const {
    const Owned output = function({x_});
    return values(gradient(call(tensor_sum, output), x_));
  }

  const Owned x_ = leaf({0.5, -1});
};

TEST_F(Checkpoint, GradientIsThatOfThePlainFunction) {
  Counted f{exp_tanh_square};
  {
    const Owned y = checkpointed(f, {x_});
    EXPECT_EQ(grad_fn(y), "MulBackward0");
    EXPECT_EQ(values(y), values(exp_tanh_square({x_})));
    EXPECT_EQ(f.runs, 1);
    OK(tensor_backward(call(tensor_sum, y)));
    EXPECT_EQ(f.runs, 2);
    EXPECT_EQ(f.destroyed, 1) << "backward has freed what needed the function";
  }
  EXPECT_EQ(f.destroyed, 1);
  EXPECT_EQ(values(grad(x_)), plain_gradient(exp_tanh_square));
}

TEST_F(Checkpoint, NodesKeepNothing) {
  Counted f{exp_tanh_square};
  EXPECT_EQ(saved_bytes(exp_tanh_square({x_})), 32u);
  EXPECT_EQ(saved_bytes(checkpointed(f, {x_})), 0u);
  EXPECT_EQ(f.destroyed, 1) << "the graph is gone";
}

TEST_F(Checkpoint, WorksWithGradAndUnderHigherOrder) {
  Counted f{exp_tanh_square};
  const Owned y = checkpointed(f, {x_}), z = exp_tanh_square({x_});
  const Owned first = differentiable_gradient(call(tensor_sum, y), x_),
              expected = differentiable_gradient(call(tensor_sum, z), x_);
  EXPECT_EQ(values(first), values(expected));
  EXPECT_EQ(values(gradient(call(tensor_sum, first), x_)),
            values(gradient(call(tensor_sum, expected), x_)));
}

TEST_F(Checkpoint, RetainedGraphRunsAgainForEachPass) {
  Counted f{exp_tanh_square};
  const Owned total = call(tensor_sum, checkpointed(f, {x_}));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  const Values once = values(gradient(total, x_, &options));
  EXPECT_EQ(values(gradient(total, x_, &options)), once);
  EXPECT_EQ(f.runs, 3);
  EXPECT_EQ(f.destroyed, 0);
  EXPECT_EQ(values(gradient(total, x_)), once);
  tensor_t* out = unwritten();
  tensor_t *root = total, *input = x_;
  EXPECT_EQ(tensor_autograd_grad(&root, 1, &input, 1, nullptr, nullptr, &out),
            TENSOR_ERROR_INVALID_ARGUMENT);
}

TEST_F(Checkpoint, ReachesTensorsBehindTheFunction) {
  const Owned w = leaf({2, 3});
  Counted f{[&](const Inputs& in) { return call(tensor_mul, call(tensor_exp, w), in[0]); }};
  OK(tensor_backward(call(tensor_sum, checkpointed(f, {x_}))));
  expect_near(grad(w), {std::exp(2) * 0.5, -std::exp(3)});
  expect_near(grad(x_), {std::exp(2), std::exp(3)});
}

TEST_F(Checkpoint, DrawsTheSameRandomNumbersAgain) {
  const int64_t two = 2;
  const tensor_options_t as = options(TENSOR_FLOAT64);
  std::vector<Values> drawn;
  Counted f{[&](const Inputs& in) {
    const Owned noise = call(tensor_randn, &two, 1, &as);
    drawn.push_back(values(noise));
    return call(tensor_mul, call(tensor_exp, in[0]), noise);
  }};
  OK(tensor_manual_seed(3));
  const Owned y = checkpointed(f, {x_});
  const Values after = values(call(tensor_rand, &two, 1, &as));
  OK(tensor_backward(call(tensor_sum, y)));
  ASSERT_EQ(drawn.size(), 2u);
  EXPECT_EQ(drawn[0], drawn[1]);
  const Values later = values(call(tensor_rand, &two, 1, &as));
  EXPECT_EQ(values(grad(x_)), values(y)) << "noise * exp(x) is its own derivative";

  OK(tensor_manual_seed(3));  // the second run has not moved the generator
  call(tensor_randn, &two, 1, &as);
  EXPECT_EQ(values(call(tensor_rand, &two, 1, &as)), after);
  EXPECT_EQ(values(call(tensor_rand, &two, 1, &as)), later);
}

TEST_F(Checkpoint, RandomStateIsLeftAloneOnRequest) {
  const int64_t two = 2;
  const tensor_options_t as = options(TENSOR_FLOAT64);
  std::vector<Values> drawn;
  Counted f{[&](const Inputs& in) {
    drawn.push_back(values(call(tensor_rand, &two, 1, &as)));
    return call(tensor_exp, in[0]);
  }};
  tensor_checkpoint_options_t options = tensor_checkpoint_options_default();
  options.preserve_rng_state = false;
  OK(tensor_backward(call(tensor_sum, checkpointed(f, {x_}, &options))));
  EXPECT_NE(drawn[0], drawn[1]);
}

TEST_F(Checkpoint, Nests) {
  Counted inner{exp_tanh_square};
  Counted outer{[&](const Inputs& in) {
    const Owned a = call(tensor_exp, in[0]);
    const Owned b = checkpointed(inner, {a});
    return call(tensor_mul, b, a);
  }};
  const Owned y = checkpointed(outer, {x_});
  EXPECT_EQ(saved_bytes(y), 0u);
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(outer.runs, 2);
  EXPECT_EQ(inner.runs, 3);  // forward, in the outer one's second run, and for its own
  EXPECT_EQ(inner.destroyed, 2);
  const Function together = [](const Inputs& in) {
    const Owned a = call(tensor_exp, in[0]);
    return call(tensor_mul, exp_tanh_square({a}), a);
  };
  EXPECT_EQ(values(grad(x_)), plain_gradient(together));
}

TEST_F(Checkpoint, ChainOfManyIsRight) {
  Owned y = call(tensor_clone, x_);
  Counted f{[](const Inputs& in) { return call(tensor_tanh, in[0]); }};
  for (int i = 0; i < 200; ++i) y = checkpointed(f, {y});
  Owned z = call(tensor_clone, x_);
  for (int i = 0; i < 200; ++i) z = call(tensor_tanh, z);
  EXPECT_EQ(values(gradient(call(tensor_sum, y), x_)), values(gradient(call(tensor_sum, z), x_)));
  EXPECT_EQ(f.runs, 400);
  EXPECT_EQ(f.destroyed, 200);
}

TEST_F(Checkpoint, SeveralThreadsRunOneRetainedGraph) {
  constexpr int kThreads = 4, kPasses = 50;
  const auto run = [](void*, tensor_t* const* in, size_t, tensor_t** out, size_t) {
    tensor_scope_push();
    tensor_t *a, *b;
    tensor_exp(in[0], &a);
    tensor_tanh(a, &b);
    tensor_mul(a, b, &out[0]);
    return tensor_scope_pop(out, 1);
  };
  tensor_t* inputs[] = {x_};
  Owned y;
  OK(tensor_checkpoint(run, nullptr, nullptr, inputs, 1, nullptr, y.out(), 1));
  const Owned total = call(tensor_sum, y);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  const Values expected = values(gradient(total, x_, &options));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kPasses; ++i) EXPECT_EQ(values(gradient(total, x_, &options)), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Checkpoint, InputThatWasChangedIsNoticed) {
  const Owned a = call(tensor_mul_scalar, x_, number(1));
  Counted f{exp_tanh_square};
  const Owned y = checkpointed(f, {a});
  OK(tensor_add_scalar_(a, number(1)));
  EXPECT_EQ(tensor_backward(call(tensor_sum, y)), TENSOR_ERROR_INVALID_ARGUMENT);
  const std::string message = tensor_last_error();
  EXPECT_EQ(message.find("one of the variables needed for gradient computation has been modified"),
            0u);
  EXPECT_NE(message.find("CheckpointBackward"), std::string::npos) << message;
}

TEST_F(Checkpoint, FunctionThatChangesItsMindIsNoticed) {
  int runs = 0;
  Counted fewer{[&](const Inputs& in) {
    return ++runs == 1 ? exp_tanh_square(in) : call(tensor_exp, in[0]);
  }};
  const Owned y = checkpointed(fewer, {x_});
  EXPECT_EQ(tensor_backward(call(tensor_sum, y)), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(tensor_last_error(),
               "torch.utils.checkpoint: A different number of tensors was saved during the "
               "original forward and recomputation.\nNumber of tensors saved during forward: 4\n"
               "Number of tensors saved during recomputation: 1.");
  int more_runs = 0;
  Counted wider{[&](const Inputs& in) {
    const Owned twice = call(tensor_unsqueeze, in[0], 0);
    return ++more_runs == 1 ? call(tensor_exp, in[0]) : call(tensor_exp, twice);
  }};
  const Owned z = checkpointed(wider, {x_});
  EXPECT_EQ(tensor_backward(call(tensor_sum, z)), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(tensor_last_error()).find("torch.utils.checkpoint: Recomputed values"), 0u);
}

// The second run ends where the last tensor is saved: the operation fails, and the function says
// so.
TEST_F(Checkpoint, StopsEarlyOnRequest) {
  struct Log {
    int begun = 0, saved = 0, ended = 0;
  } log;
  const auto run = [](void* user, tensor_t* const* in, size_t, tensor_t** out, size_t) {
    auto* to = static_cast<Log*>(user);
    ++to->begun;
    Owned a;
    const tensor_status_t status = tensor_exp(in[0], a.out());
    if (status != TENSOR_OK) {
      EXPECT_EQ(status, TENSOR_ERROR_CANCELLED);
      return status;
    }
    ++to->saved;
    const tensor_status_t last = tensor_mul_scalar(a, number(2), out);
    ++to->ended;
    return last;
  };
  for (const bool early_stop : {false, true}) {
    log = Log();
    tensor_checkpoint_options_t options = tensor_checkpoint_options_default();
    EXPECT_FALSE(options.early_stop);
    options.early_stop = early_stop;
    tensor_t* input = x_;
    Owned y;
    OK(tensor_checkpoint(run, &log, nullptr, &input, 1, &options, y.out(), 1));
    OK(tensor_set_grad(x_, nullptr));
    OK(tensor_backward(call(tensor_sum, y)));
    expect_near(grad(x_), {2 * std::exp(0.5), 2 * std::exp(-1)});
    EXPECT_EQ(log.begun, 2);
    EXPECT_EQ(log.saved, early_stop ? 1 : 2);
    EXPECT_EQ(log.ended, early_stop ? 1 : 2);
  }
}

TEST_F(Checkpoint, ChangeInPlaceInsideIsNoticed) {
  Counted f{[](const Inputs& in) {
    Owned a = call(tensor_exp, in[0]);  // saves its result
    EXPECT_EQ(tensor_mul_scalar_(a, number(2)), TENSOR_OK);
    return a;
  }};
  const Owned y = checkpointed(f, {x_});
  EXPECT_EQ(tensor_backward(call(tensor_sum, y)), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(
      std::string(tensor_last_error())
          .find(as_here("one of the variables needed for gradient computation has been modified by "
                        "an inplace operation: [torch.DoubleTensor [2]] is at version 1; expected "
                        "version 0 instead.")),
      0u)
      << tensor_last_error();
}

TEST_F(Checkpoint, WithoutRecordingNothingIsKept) {
  Counted f{exp_tanh_square};
  bool before;
  OK(tensor_grad_enabled_set(false, &before));
  const Owned y = checkpointed(f, {x_});
  OK(tensor_grad_enabled_set(before, nullptr));
  EXPECT_FALSE(requires_grad(y));
  EXPECT_EQ(f.destroyed, 1);
}

TEST_F(Checkpoint, OutputsThatStayUnwritten) {
  const auto one_of_three = [](void*, tensor_t* const* in, size_t, tensor_t** out, size_t) {
    return tensor_exp(in[0], &out[1]);
  };
  tensor_t *inputs[] = {x_}, *outputs[3];
  OK(tensor_checkpoint(one_of_three, nullptr, nullptr, inputs, 1, nullptr, outputs, 3));
  EXPECT_EQ(outputs[0], nullptr);
  EXPECT_EQ(outputs[2], nullptr);
  const Owned y(outputs[1]);
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(values(grad(x_)), values(y));
}

TEST_F(Checkpoint, DestroyIsCalledOnceWhereTheCallFails) {
  Counted f{exp_tanh_square};
  tensor_t *inputs[] = {x_}, *none[] = {nullptr};
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT, "function must not be NULL"}, {x_}, [&](tensor_t** out) {
        return tensor_checkpoint(nullptr, &f, Counted::destroy, inputs, 1, nullptr, out, 1);
      });
  EXPECT_EQ(f.destroyed, 1);
  tensor_t* out = unwritten();
  EXPECT_EQ(tensor_checkpoint(Counted::run, &f, Counted::destroy, none, 1, nullptr, &out, 1),
            TENSOR_ERROR_INVALID_HANDLE);
  EXPECT_EQ(f.destroyed, 2);
  const auto fails = [](void*, tensor_t* const*, size_t, tensor_t**, size_t) {
    return tensor_set_last_error(TENSOR_ERROR_VALUE, "no");
  };
  expect_no_result({TENSOR_ERROR_VALUE, "no"}, {x_}, [&](tensor_t** result) {
    return tensor_checkpoint(fails, &f, Counted::destroy, inputs, 1, nullptr, result, 1);
  });
  EXPECT_EQ(f.destroyed, 3);
  EXPECT_EQ(f.runs, 0);
}

TEST_F(Checkpoint, ErrorInTheSecondRunTravels) {
  int runs = 0;
  Counted f{[&](const Inputs& in) {
    if (++runs == 1) return call(tensor_exp, in[0]);
    const int64_t three = 3;
    tensor_t* out = nullptr;
    EXPECT_NE(tensor_view(in[0], &three, 1, &out), TENSOR_OK);
    return Owned();
  }};
  const Owned y = checkpointed(f, {x_});
  EXPECT_NE(tensor_backward(call(tensor_sum, y)), TENSOR_OK);
  EXPECT_FALSE(grad(x_));
}

}  // namespace
}  // namespace test
