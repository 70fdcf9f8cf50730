#include "callable.h"

#include "arguments.h"
#include "callback.h"
#include "core/in_use.h"

namespace libtensor::capi {
namespace {

// Handles that the host writes and the library then owns. One that stands in several places, or is
// an input, is released once: a second release does not find it.
class TakenHandles {
 public:
  explicit TakenHandles(size_t count) : handles_(count, nullptr) {}
  ~TakenHandles() {
    for (tensor_t* handle : handles_) release_handle(handle);
  }
  TakenHandles(const TakenHandles&) = delete;
  TakenHandles& operator=(const TakenHandles&) = delete;
  tensor_t** data() { return handles_.data(); }

  functional::Tensors tensors(Unwritten unwritten) const {
    functional::Tensors result;
    for (size_t i = 0; i < handles_.size(); ++i) {
      check(handles_[i] || unwritten == Unwritten::kUndefined, "the function did not write output ",
            i);
      result.push_back(optional_tensor_of(handles_[i], "an output of the function"));
    }
    return result;
  }

 private:
  std::vector<tensor_t*> handles_;
};

}  // namespace

functional::Tensors call_function(tensor_callable_t function, void* user,
                                  std::span<const Tensor> inputs, size_t output_count,
                                  Unwritten unwritten) {
  const UseScope scope;
  LentHandles lent(inputs);
  TakenHandles taken(output_count);
  const CallbackFrame frame;
  const tensor_status_t status =
      function(user, lent.data(), inputs.size(), taken.data(), output_count);
  frame.check(status, "the function");
  return taken.tensors(unwritten);
}

functional::Function function_of(tensor_callable_t function, void* user, size_t output_count) {
  check(function != nullptr, "function must not be NULL");
  check_count(output_count, "output_count");
  return [=](std::span<const Tensor> inputs) {
    return call_function(function, user, inputs, output_count);
  };
}

}  // namespace libtensor::capi
