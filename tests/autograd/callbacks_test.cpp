// Every callback entry point against everything that a callback may do wrong: the call gives an
// error or what PyTorch gives, modes and scopes are as before, nothing is leaked.
#include <algorithm>
#include <functional>

#include "support/callbacks.h"
#include "support/refusal.h"

namespace test {
namespace {

// What a callback was given and may write.
struct Call {
  std::vector<tensor_t*> lent;
  tensor_t** written = nullptr;
  size_t count = 0;
};

// What a test has made, released at its end if a callback has not done so.
struct World {
  std::vector<tensor_t*> tensors;
  std::vector<tensor_hook_t*> hooks;
  tensor_t* loss = nullptr;  // what a callback may run backward from
  int registered = 0, destroyed = 0, runs = 0;
  std::function<tensor_status_t(World&, Call&)> act;  // does the wrong thing

  tensor_t* keep(Owned t) {
    tensors.push_back(t.give());
    return tensors.back();
  }
  tensor_status_t answer(Call call) {
    if (++runs > 40) return TENSOR_OK;  // passes within passes come to an end
    return act(*this, call);
  }
  // Does it as well.
  static void destroy(void* user) {
    auto& w = *static_cast<World*>(user);
    ++w.destroyed;
    Call nothing;
    w.act(w, nothing);
  }
};

World& world(void* user) { return *static_cast<World*>(user); }

// --- the callbacks, which do nothing or the least that is right, and then the wrong thing

tensor_status_t on_gradient(void* user, tensor_t** gradient) {
  return world(user).answer({{*gradient}, gradient, 1});
}
tensor_status_t on_one(void* user, tensor_t* t) { return world(user).answer({{t}}); }
tensor_status_t on_several(void* user, tensor_t* const* all, size_t count) {
  return world(user).answer({{all, all + count}});
}
tensor_status_t before_a_node(void* user, tensor_t** all, size_t count) {
  return world(user).answer({{all, all + count}, all, count});
}
tensor_status_t after_a_node(void* user, tensor_t** inputs, size_t input_count,
                             tensor_t* const* outputs, size_t output_count) {
  return world(user).answer({{outputs, outputs + output_count}, inputs, input_count});
}
tensor_status_t at_the_end(void* user) { return world(user).answer({}); }
tensor_status_t queues(void* user, tensor_t*) {
  ++world(user).registered;
  return tensor_queue_callback(at_the_end, user, World::destroy);
}
tensor_status_t derive(void* user, tensor_function_t*, tensor_t* const* outputs, size_t count,
                       tensor_t** gradients, size_t input_count) {
  for (size_t i = 0; i < input_count; ++i) {
    const tensor_status_t status = tensor_mul_scalar(outputs[0], number(2), &gradients[i]);
    if (status != TENSOR_OK) return status;
  }
  return world(user).answer({{outputs, outputs + count}, gradients, input_count});
}
tensor_status_t compute(void* user, tensor_t* const* inputs, size_t count, tensor_t** outputs,
                        size_t output_count) {
  tensor_t* product = nullptr;
  tensor_status_t status = tensor_mul(inputs[0], inputs[count - 1], &product);
  if (status == TENSOR_OK) status = tensor_tanh(product, &outputs[0]);
  tensor_release(product);
  if (status == TENSOR_OK) status = tensor_sum(outputs[0], &product);
  if (status != TENSOR_OK) return status;
  tensor_release(outputs[0]);
  outputs[0] = product;
  return world(user).answer({{inputs, inputs + count}, outputs, output_count});
}
tensor_status_t pack(void* user, tensor_t* t, void** packed) {
  tensor_t* kept = nullptr;
  const tensor_status_t status = tensor_detach(t, &kept);
  *packed = kept;
  if (status != TENSOR_OK) return status;
  const tensor_status_t answer = world(user).answer({{t}});
  if (answer != TENSOR_OK) tensor_release(kept);
  return answer;
}
tensor_status_t unpack(void* user, void* packed, tensor_t** out) {
  const tensor_status_t status = tensor_retain(static_cast<tensor_t*>(packed), out);
  return status == TENSOR_OK ? world(user).answer({{}, out, 1}) : status;
}
tensor_status_t plain_pack(void*, tensor_t* t, void** packed) {
  tensor_t* kept = nullptr;
  const tensor_status_t status = tensor_detach(t, &kept);
  *packed = kept;
  return status;
}
tensor_status_t plain_unpack(void*, void* packed, tensor_t** out) {
  return tensor_retain(static_cast<tensor_t*>(packed), out);
}
void discard(void*, void* packed) { tensor_release(static_cast<tensor_t*>(packed)); }

// --- the entry points

tensor_status_t run_backward(World& w, tensor_t* y) {
  Owned loss;
  const tensor_status_t status = tensor_sum(y, loss.out());
  if (status != TENSOR_OK) return status;
  w.loss = loss;
  const tensor_status_t result = tensor_backward(loss);
  w.loss = nullptr;
  return result;
}

template <class Register>
tensor_status_t hooked_pass(World& w, Register add) {
  tensor_t* x = w.keep(leaf({2, 3}));
  tensor_t* y = w.keep(call(tensor_mul, x, x));
  tensor_hook_t* hook = nullptr;
  ++w.registered;
  EXPECT_EQ(add(x, y, &hook), TENSOR_OK) << tensor_last_error();
  w.hooks.push_back(hook);
  return run_backward(w, y);
}

tensor_status_t tensor_hook(World& w) {
  return hooked_pass(w, [&](tensor_t*, tensor_t* y, tensor_hook_t** hook) {
    return tensor_register_hook(y, on_gradient, &w, World::destroy, hook);
  });
}
tensor_status_t leaf_hook(World& w) {
  return hooked_pass(w, [&](tensor_t* x, tensor_t*, tensor_hook_t** hook) {
    return tensor_register_hook(x, on_gradient, &w, World::destroy, hook);
  });
}
tensor_status_t post_accumulate_hook(World& w) {
  return hooked_pass(w, [&](tensor_t* x, tensor_t*, tensor_hook_t** hook) {
    return tensor_register_post_accumulate_grad_hook(x, on_one, &w, World::destroy, hook);
  });
}
tensor_status_t multi_grad_hook(World& w) {
  return hooked_pass(w, [&](tensor_t* x, tensor_t* y, tensor_hook_t** hook) {
    tensor_t* both[] = {x, y};
    return tensor_register_multi_grad_hook(both, 2, on_several, &w, World::destroy, hook);
  });
}
tensor_status_t any_grad_hook(World& w) {
  return hooked_pass(w, [&](tensor_t* x, tensor_t* y, tensor_hook_t** hook) {
    tensor_t* both[] = {x, y};
    return tensor_register_any_grad_hook(both, 2, on_one, &w, World::destroy, hook);
  });
}
tensor_status_t node_prehook(World& w) {
  return hooked_pass(w, [&](tensor_t*, tensor_t* y, tensor_hook_t** hook) {
    return tensor_node_register_prehook(grad_fn_node(y), before_a_node, &w, World::destroy, hook);
  });
}
tensor_status_t node_hook(World& w) {
  return hooked_pass(w, [&](tensor_t*, tensor_t* y, tensor_hook_t** hook) {
    return tensor_node_register_hook(grad_fn_node(y), after_a_node, &w, World::destroy, hook);
  });
}
tensor_status_t queued_callback(World& w) {
  return hooked_pass(w, [&](tensor_t* x, tensor_t*, tensor_hook_t** hook) {
    return tensor_register_post_accumulate_grad_hook(x, queues, &w, World::destroy, hook);
  });
}

using Operation = std::function<tensor_status_t(World&, tensor_t* x)>;

tensor_status_t with_hooks(World& w, bool pack_errs, const Operation& operation) {
  tensor_t* x = w.keep(call(tensor_mul_scalar, w.keep(leaf({2, 3})), number(1)));
  ++w.registered;
  EXPECT_EQ(tensor_saved_tensors_hooks_push(pack_errs ? pack : plain_pack,
                                            pack_errs ? plain_unpack : unpack, discard, &w,
                                            World::destroy),
            TENSOR_OK);
  const tensor_status_t status = operation(w, x);
  EXPECT_EQ(tensor_saved_tensors_hooks_pop(), TENSOR_OK) << tensor_last_error();
  return status;
}
tensor_status_t softmax_and_backward(World& w, tensor_t* x) {
  tensor_t* y = nullptr;
  const tensor_status_t status = tensor_softmax(x, 0, &y);
  return status == TENSOR_OK ? run_backward(w, w.keep(Owned(y))) : status;
}
tensor_status_t change_in_place(World& w, tensor_t* x) {
  const Owned same = call(tensor_retain, x);  // x itself may be released
  const tensor_status_t status = tensor_sigmoid_(x);
  if (status == TENSOR_OK) return run_backward(w, same);
  expect_values(same, {2, 3});
  EXPECT_EQ(version(same), 0u);
  EXPECT_EQ(grad_fn(same), "MulBackward0");
  EXPECT_EQ(tensor_backward(call(tensor_sum, same)), TENSOR_OK) << tensor_last_error();
  return status;
}
tensor_status_t pack_hook(World& w) { return with_hooks(w, true, softmax_and_backward); }
tensor_status_t pack_hook_in_place(World& w) { return with_hooks(w, true, change_in_place); }
tensor_status_t unpack_hook(World& w) { return with_hooks(w, false, softmax_and_backward); }

tensor_status_t custom_function(World& w) {
  tensor_t *x = w.keep(leaf({2, 3})), *output = w.keep(plain({4, 6})), *result = nullptr;
  tensor_t* inputs[] = {x, x, nullptr};  // one of them twice
  ++w.registered;
  OwnedFunction function;
  EXPECT_EQ(tensor_function_begin(inputs, 2, "F", derive, &w, World::destroy, function.out()),
            TENSOR_OK);
  EXPECT_EQ(tensor_function_finish(function, &output, 1, &result), TENSOR_OK);
  return run_backward(w, w.keep(Owned(result)));
}

template <class Apply>
tensor_status_t functional(World& w, Apply apply) {
  tensor_t* inputs[] = {w.keep(leaf({0.5, 0.25})), nullptr};
  inputs[1] = inputs[0];
  std::vector<tensor_t*> results(8, nullptr);
  const tensor_status_t status = apply(inputs, results.data());
  for (tensor_t* t : results) {
    EXPECT_TRUE(status == TENSOR_OK || t == nullptr);
    w.keep(Owned(t));
  }
  return status;
}
tensor_status_t vjp(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_vjp(compute, &w, in, 2, nullptr, nullptr, out, 1, out + 2);
  });
}
tensor_status_t jvp(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_jvp(compute, &w, in, 2, in, nullptr, out, 1, out + 2);
  });
}
tensor_status_t vhp(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_vhp(compute, &w, in, 2, in, nullptr, out, out + 2);
  });
}
tensor_status_t hvp(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_hvp(compute, &w, in, 2, in, nullptr, out, out + 2);
  });
}
tensor_status_t jacobian(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_jacobian(compute, &w, in, 2, nullptr, 1, out);
  });
}
tensor_status_t hessian(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_hessian(compute, &w, in, 2, nullptr, out);
  });
}
tensor_status_t gradcheck(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t**) {
    return tensor_gradcheck(compute, &w, in, 2, 1, nullptr);
  });
}
tensor_status_t gradgradcheck(World& w) {
  return functional(w, [&](tensor_t** in, tensor_t**) {
    return tensor_gradgradcheck(compute, &w, in, 2, 1, nullptr, 0, nullptr);
  });
}
tensor_status_t checkpoint(World& w) {
  ++w.registered;
  const tensor_status_t status = functional(w, [&](tensor_t** in, tensor_t** out) {
    return tensor_checkpoint(compute, &w, World::destroy, in, 2, nullptr, out, 1);
  });
  if (status != TENSOR_OK) {
    EXPECT_EQ(w.destroyed, w.registered) << "a failed checkpoint returned before its destroy";
    return status;
  }
  tensor_t* y = w.tensors[w.tensors.size() - 8];
  bool graded = false;
  return tensor_requires_grad(y, &graded) == TENSOR_OK && graded ? run_backward(w, y) : TENSOR_OK;
}

struct Entry {
  const char* name;
  tensor_status_t (*run)(World&);
};
const Entry kEntries[] = {
    {"TensorHook", tensor_hook},
    {"LeafHook", leaf_hook},
    {"PostAccumulate", post_accumulate_hook},
    {"MultiGradHook", multi_grad_hook},
    {"AnyGradHook", any_grad_hook},
    {"NodePrehook", node_prehook},
    {"NodeHook", node_hook},
    {"QueuedCallback", queued_callback},
    {"Pack", pack_hook},
    {"PackInPlace", pack_hook_in_place},
    {"Unpack", unpack_hook},
    {"CustomFunction", custom_function},
    {"Vjp", vjp},
    {"Jvp", jvp},
    {"Vhp", vhp},
    {"Hvp", hvp},
    {"Jacobian", jacobian},
    {"Hessian", hessian},
    {"Gradcheck", gradcheck},
    {"Gradgradcheck", gradgradcheck},
    {"Checkpoint", checkpoint},
};

// --- what goes wrong

// Writes `replacement` in every place, and gives up what stood there where that was the callback's.
void write(Call& call, const std::function<tensor_t*(size_t)>& replacement) {
  for (size_t i = 0; i < call.count; ++i) {
    const bool is_lent =
        std::find(call.lent.begin(), call.lent.end(), call.written[i]) != call.lent.end();
    tensor_t* const fresh = replacement(i);
    if (!is_lent) tensor_release(call.written[i]);
    call.written[i] = fresh;
  }
}
tensor_t* released() {
  tensor_t* handle = plain({1}).give();
  tensor_release(handle);
  return handle;
}
tensor_status_t write_shape(World&, Call& call) {
  write(call, [](size_t) { return plain({1, 2, 3}).give(); });
  return TENSOR_OK;
}

struct Mistake {
  const char* name;
  tensor_status_t (*act)(World&, Call&);
};
const Mistake kMistakes[] = {
    {"None", [](World&, Call&) -> tensor_status_t { return TENSOR_OK; }},
    {"Error", [](World&, Call&) -> tensor_status_t { return refuse("disk full"); }},
    {"ErrorWithoutMessage", [](World&, Call&) -> tensor_status_t { return TENSOR_ERROR_VALUE; }},
    {"UnknownStatus", [](World&, Call&) { return static_cast<tensor_status_t>(4711); }},
    {"LaterError",
     [](World& w, Call&) -> tensor_status_t { return w.runs < 2 ? TENSOR_OK : refuse("later"); }},
    {"WritesNull",
     [](World&, Call& call) -> tensor_status_t {
       write(call, [](size_t) -> tensor_t* { return nullptr; });
       return TENSOR_OK;
     }},
    {"WritesReleased",
     [](World&, Call& call) -> tensor_status_t {
       write(call, [](size_t) { return released(); });
       return TENSOR_OK;
     }},
    {"WritesStray",
     [](World&, Call& call) -> tensor_status_t {
       write(call, [](size_t) { return unwritten(); });
       return TENSOR_OK;
     }},
    {"WritesOneEverywhere",
     [](World&, Call& call) -> tensor_status_t {
       tensor_t* one = plain({1, 1}).give();
       write(call, [&](size_t) { return one; });
       if (call.count == 0) tensor_release(one);
       return TENSOR_OK;
     }},
    {"WritesWhatWasLent",
     [](World&, Call& call) -> tensor_status_t {
       if (!call.lent.empty()) write(call, [&](size_t) { return call.lent[0]; });
       return TENSOR_OK;
     }},
    {"WritesAnotherShape", write_shape},
    {"LaterAnotherShape",
     [](World& w, Call& call) { return w.runs < 2 ? TENSOR_OK : write_shape(w, call); }},
    {"LaterNoDependence",
     [](World& w, Call& call) -> tensor_status_t {
       if (w.runs > 2) write(call, [](size_t) { return plain({1}, {}).give(); });
       return TENSOR_OK;
     }},
    {"WritesAnotherDtype",
     [](World&, Call& call) -> tensor_status_t {
       write(call, [](size_t) { return filled({2}, 1, TENSOR_FLOAT32).give(); });
       return TENSOR_OK;
     }},
    {"WritesIntegers",
     [](World&, Call& call) -> tensor_status_t {
       write(call, [](size_t) { return from<int64_t>({1, 1}, {2}).give(); });
       return TENSOR_OK;
     }},
    {"ReleasesWhatWasLent",
     [](World&, Call& call) -> tensor_status_t {
       for (tensor_t* t : call.lent) tensor_release(t);
       return TENSOR_OK;
     }},
    {"ReleasesTheTensors",
     [](World& w, Call&) -> tensor_status_t {
       for (tensor_t* t : w.tensors) tensor_release(t);
       return TENSOR_OK;
     }},
    {"ChangesGeometry",
     [](World&, Call& call) -> tensor_status_t {
       for (tensor_t* t : call.lent) tensor_unsqueeze_(t, 0);
       return TENSOR_OK;
     }},
    {"ChangesDtype",
     [](World&, Call& call) -> tensor_status_t {
       for (tensor_t* t : call.lent) tensor_set_data(t, filled({5}, 1, TENSOR_FLOAT32));
       return TENSOR_OK;
     }},
    {"ChangesRequiresGrad",
     [](World& w, Call& call) -> tensor_status_t {
       for (tensor_t* t : call.lent) tensor_set_requires_grad(t, false);
       for (tensor_t* t : w.tensors) tensor_set_requires_grad(t, false);
       return TENSOR_OK;
     }},
    {"SetsGrad",
     [](World& w, Call&) -> tensor_status_t {
       for (tensor_t* t : w.tensors) tensor_set_grad(t, plain({1, 1}));
       return TENSOR_OK;
     }},
    {"RemovesHooks",
     [](World& w, Call&) -> tensor_status_t {
       for (tensor_hook_t* hook : w.hooks) tensor_hook_remove(hook);
       return TENSOR_OK;
     }},
    {"ReleasesHooks",
     [](World& w, Call&) -> tensor_status_t {
       for (tensor_hook_t* hook : w.hooks) tensor_hook_release(hook);
       return TENSOR_OK;
     }},
    {"RunsBackward",
     [](World& w, Call& call) -> tensor_status_t {
       if (w.loss) tensor_backward(w.loss);
       for (tensor_t* t : call.lent) tensor_backward(t);
       for (size_t i = 0; i < call.count; ++i) tensor_backward(call.written[i]);
       return TENSOR_OK;
     }},
    {"SwitchesGradMode",
     [](World&, Call&) -> tensor_status_t {
       bool on = false;
       tensor_grad_enabled(&on);
       return tensor_grad_enabled_set(!on, nullptr);
     }},
    {"EntersInferenceMode",
     [](World&, Call&) -> tensor_status_t { return tensor_inference_mode_set(true, nullptr); }},
    {"LeavesScopesOpen",
     [](World&, Call&) -> tensor_status_t {
       for (int i = 0; i < 3; ++i) tensor_scope_push();
       plain({1}).give();
       return TENSOR_OK;
     }},
    {"ClosesTheScopeOfItsCaller",
     [](World&, Call&) -> tensor_status_t {
       for (int i = 0; i < 3; ++i) tensor_scope_pop(nullptr, 0);
       return TENSOR_OK;
     }},
    {"LeavesSavedHooks",
     [](World&, Call&) -> tensor_status_t {
       return tensor_saved_tensors_hooks_push(plain_pack, plain_unpack, discard, nullptr, nullptr);
     }},
    {"TakesSavedHooksOff",
     [](World&, Call&) -> tensor_status_t {
       tensor_saved_tensors_hooks_pop();
       return TENSOR_OK;
     }},
    {"DisablesSavedHooks",
     [](World&, Call&) -> tensor_status_t {
       tensor_saved_tensors_hooks_disable("not now");
       return TENSOR_OK;
     }},
};

using Pair = std::tuple<size_t, size_t>;
class Callbacks : public TensorTest, public testing::WithParamInterface<Pair> {};

void expect_as_before() {
  bool on = false;
  EXPECT_EQ(tensor_grad_enabled(&on), TENSOR_OK);
  EXPECT_TRUE(on) << "recording was left off";
  EXPECT_EQ(tensor_inference_mode(&on), TENSOR_OK);
  EXPECT_FALSE(on) << "inference mode was left on";
  EXPECT_EQ(tensor_scope_pop(nullptr, 0), TENSOR_OK) << "a callback closed its caller's scope";
  EXPECT_NE(tensor_scope_pop(nullptr, 0), TENSOR_OK) << "a callback left a scope open";
  EXPECT_NE(tensor_saved_tensors_hooks_pop(), TENSOR_OK) << "a callback left hooks set";
  EXPECT_EQ(tensor_saved_tensors_hooks_push(plain_pack, plain_unpack, discard, nullptr, nullptr),
            TENSOR_OK);
  EXPECT_EQ(tensor_saved_tensors_hooks_pop(), TENSOR_OK);
}

TEST_P(Callbacks, MayMisbehave) {
  const auto [entry, mistake] = GetParam();
  const size_t live = tensor_live_handles();
  World w;
  w.act = kMistakes[mistake].act;
  EXPECT_EQ(tensor_scope_push(), TENSOR_OK);
  const tensor_status_t status = kEntries[entry].run(w);
  EXPECT_TRUE(status == TENSOR_OK || *tensor_last_error());
  EXPECT_TRUE(mistake != 0 || status == TENSOR_OK) << tensor_last_error();
  EXPECT_GT(w.runs, 0) << "the callback was not called";
  for (tensor_t* t : w.tensors) tensor_release(t);  // some may be released already
  for (tensor_hook_t* hook : w.hooks) tensor_hook_release(hook);
  expect_as_before();
  EXPECT_EQ(w.destroyed, w.registered);
  EXPECT_EQ(tensor_live_handles(), live) << "handles were leaked";
}

INSTANTIATE_TEST_SUITE_P(Of, Callbacks,
                         testing::Combine(testing::Range(size_t{0}, std::size(kEntries)),
                                          testing::Range(size_t{0}, std::size(kMistakes))),
                         [](const testing::TestParamInfo<Pair>& one) {
                           return std::string(kEntries[std::get<0>(one.param)].name) +
                                  kMistakes[std::get<1>(one.param)].name;
                         });

}  // namespace
}  // namespace test
