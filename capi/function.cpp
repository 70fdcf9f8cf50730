#include "tensor/function.h"

#include "arguments.h"
#include "autograd/custom_function.h"
#include "callback.h"
#include "firewall.h"
#include "function_handle.h"

using namespace libtensor;
using namespace libtensor::capi;
using autograd::CustomFunction;

namespace {

using Backward = tensor_status_t (*)(void* user, tensor_function_t* function,
                                     tensor_t* const* grad_outputs, size_t output_count,
                                     tensor_t** grad_inputs, size_t input_count);

// A handle of the function for the time of a callback.
class LentFunction {
 public:
  explicit LentFunction(CustomFunction& function)
      : handle_(new_object_handle<tensor_function_t>(Ref<CustomFunction>::share(&function))) {}
  ~LentFunction() { release_object(handle_, "function"); }
  LentFunction(const LentFunction&) = delete;
  LentFunction& operator=(const LentFunction&) = delete;
  tensor_function_t* get() const { return handle_; }

 private:
  tensor_function_t* handle_;
};

CustomFunction::Backward run_callback(Backward backward, User user) {
  return
      [backward, user = std::move(user)](
          CustomFunction& function, std::span<const Tensor> gradients, std::span<Tensor> results) {
        const LentFunction lent(function);
        LentHandles given(gradients), computed(results);
        const CallbackFrame frame;
        frame.check(backward(user.get(), lent.get(), given.data(), given.size(), computed.data(),
                             computed.size()),
                    function.name());
        computed.take_back(results, "a gradient that backward returned");
      };
}

Ref<CustomFunction> function_of(const tensor_function_t* function) {
  return *object_of(function, "function");
}

std::vector<Tensor> list(tensor_t* const* tensors, size_t count, const char* name,
                         TensorList::Nulls nulls = TensorList::Nulls::kUndefined) {
  const TensorList found(tensors, count, name, nulls);
  const std::span<const Tensor> all = found;
  return {all.begin(), all.end()};
}

// Writes a handle for each tensor, or none.
void hand_out(std::span<Tensor> tensors, tensor_t** out) {
  std::vector<tensor_t*> handles(tensors.size(), nullptr);
  try {
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].defined()) handles[i] = new_handle(std::move(tensors[i]));
    }
  } catch (...) {
    for (tensor_t* handle : handles) release_handle(handle);
    throw;
  }
  std::copy(handles.begin(), handles.end(), out);
}

}  // namespace

tensor_status_t tensor_function_begin(tensor_t* const* inputs, size_t input_count, const char* name,
                                      Backward backward, void* user, void (*destroy)(void* user),
                                      tensor_function_t** out) {
  return guard([&] {
    User owner(user, destroy);
    check_result(out, "out");
    check(name != nullptr, "name must not be NULL");
    check(backward != nullptr, "backward must not be NULL");
    const std::vector<Tensor> tensors = list(inputs, input_count, "inputs");
    auto function = Ref<CustomFunction>::adopt(
        new CustomFunction(name, tensors, run_callback(backward, owner), owner.data()));
    *out = new_object_handle<tensor_function_t>(std::move(function));
  });
}

tensor_status_t tensor_function_is_recorded(const tensor_function_t* function, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = function_of(function)->recorded();
  });
}

tensor_status_t tensor_function_needs_input_grad(const tensor_function_t* function, size_t index,
                                                 bool* out) {
  return guard([&] {
    check_result(out, "out");
    const Ref<CustomFunction> found = function_of(function);
    check_as(Status::kIndexError, index < found->edges().size(), "index ", index,
             " is out of range: the function has ", found->edges().size(), " inputs");
    *out = found->needs_input_grad(index);
  });
}

tensor_status_t tensor_function_save_for_backward(tensor_function_t* function,
                                                  tensor_t* const* tensors, size_t count) {
  return guard([&] { function_of(function)->save_for_backward(list(tensors, count, "tensors")); });
}

tensor_status_t tensor_function_mark_dirty(tensor_function_t* function, tensor_t* const* tensors,
                                           size_t count) {
  return guard([&] {
    function_of(function)->mark_dirty(list(tensors, count, "tensors", TensorList::Nulls::kRefused));
  });
}

tensor_status_t tensor_function_mark_non_differentiable(tensor_function_t* function,
                                                        tensor_t* const* tensors, size_t count) {
  return guard([&] {
    function_of(function)->mark_non_differentiable(
        list(tensors, count, "tensors", TensorList::Nulls::kRefused));
  });
}

tensor_status_t tensor_function_set_materialize_grads(tensor_function_t* function, bool value) {
  return guard([&] { function_of(function)->set_materialize_grads(value); });
}

tensor_status_t tensor_function_set_once_differentiable(tensor_function_t* function, bool value) {
  return guard([&] { function_of(function)->set_once_differentiable(value); });
}

tensor_status_t tensor_function_finish(tensor_function_t* function, tensor_t* const* outputs,
                                       size_t output_count, tensor_t** results) {
  return guard([&] {
    check(results != nullptr || output_count == 0, "results must not be NULL");
    const Ref<CustomFunction> found = function_of(function);
    const std::vector<Tensor> given = list(outputs, output_count, "outputs");
    // Nothing may fail once the function is finished: so the handles come first.
    std::vector<tensor_t*> handles(output_count, nullptr);
    new_handles(given, handles.data());
    try {
      const std::vector<Tensor> finished = found->finish(given);
      for (size_t i = 0; i < output_count; ++i) {
        if (handles[i]) find_slot(handles[i])->tensor = finished[i];
      }
    } catch (...) {
      for (tensor_t* handle : handles) release_handle(handle);
      throw;
    }
    std::copy(handles.begin(), handles.end(), results);
  });
}

tensor_status_t tensor_function_saved_count(const tensor_function_t* function, size_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = function_of(function)->saved_count();
  });
}

tensor_status_t tensor_function_saved_tensors(const tensor_function_t* function, tensor_t** tensors,
                                              size_t capacity) {
  return guard([&] {
    const Ref<CustomFunction> found = function_of(function);
    check_result(tensors, "tensors");
    check(capacity >= found->saved_count(), "capacity is ", capacity, ", but ",
          found->saved_count(), " tensors are saved");
    std::vector<Tensor> saved = found->saved_tensors();
    hand_out(saved, tensors);
  });
}

tensor_status_t tensor_function_release(tensor_function_t* function) {
  return guard([&] { release_object(function, "function"); });
}
