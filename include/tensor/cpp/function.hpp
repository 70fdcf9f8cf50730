// Operations with a derivative of one's own.
//
//   struct Scale : tensor::Function<Scale> {
//     explicit Scale(double factor) : factor(factor) {}
//     std::vector<Tensor> forward(FunctionContext&, const std::vector<Tensor>& inputs) {
//       return {inputs[0] * factor};
//     }
//     std::vector<Tensor> backward(FunctionContext&, const std::vector<Tensor>& grads) {
//       return {grads[0] * factor};
//     }
//     double factor;
//   };
//   Tensor y = Scale::apply({x}, 3.0)[0];
#ifndef TENSOR_CPP_FUNCTION_HPP
#define TENSOR_CPP_FUNCTION_HPP

#include <memory>
#include <utility>
#include <vector>

#include "tensor/cpp/hooks.hpp"
#include "tensor/function.h"

namespace tensor {
// One application of a function, as its forward and backward see it.
class FunctionContext {
 public:
  explicit FunctionContext(tensor_function_t* function) noexcept : function_(function) {}

  // --- in forward
  void save_for_backward(const std::vector<Tensor>& tensors) {
    const std::vector<tensor_t*> all = detail::handles(tensors);
    detail::check(tensor_function_save_for_backward(function_, all.data(), all.size()));
  }
  void mark_dirty(const std::vector<Tensor>& tensors) {
    const std::vector<tensor_t*> all = detail::handles(tensors);
    detail::check(tensor_function_mark_dirty(function_, all.data(), all.size()));
  }
  void mark_non_differentiable(const std::vector<Tensor>& tensors) {
    const std::vector<tensor_t*> all = detail::handles(tensors);
    detail::check(tensor_function_mark_non_differentiable(function_, all.data(), all.size()));
  }
  void set_materialize_grads(bool value) {
    detail::check(tensor_function_set_materialize_grads(function_, value));
  }
  void set_once_differentiable(bool value = true) {
    detail::check(tensor_function_set_once_differentiable(function_, value));
  }

  // --- in both
  bool needs_input_grad(size_t index) const {
    bool out;
    detail::check(tensor_function_needs_input_grad(function_, index, &out));
    return out;
  }
  std::vector<Tensor> saved_tensors() const {
    size_t count;
    detail::check(tensor_function_saved_count(function_, &count));
    std::vector<tensor_t*> handles(count + 1, nullptr);  // + 1: data() is never null
    detail::check(tensor_function_saved_tensors(function_, handles.data(), count));
    std::vector<Tensor> result(count);
    for (size_t i = 0; i < count; ++i) result[i] = Tensor::own(handles[i]);
    return result;
  }

 private:
  tensor_function_t* function_;
};

// Base of an operation with a derivative of its own. Derived has `forward`, which is given the
// inputs, and `backward`, which is given a gradient for each output and gives one for each input
// (undefined: none). apply makes an object of Derived for each application; it lives as long as the
// graph does, so that members carry over from forward to backward.
template <class Derived>
class Function {
 public:
  template <class... Args>
  static std::vector<Tensor> apply(const std::vector<Tensor>& inputs, Args&&... args) {
    std::unique_ptr<Derived> self(new Derived(std::forward<Args>(args)...));
    Derived* object = self.get();
    const std::vector<tensor_t*> ins = detail::handles(inputs);
    tensor_function_t* raw;
    // From here on destroy is called, whether begin fails or not.
    detail::check(tensor_function_begin(ins.data(), ins.size(), Derived::name(), &run_backward,
                                        self.release(), &detail::destroy<Derived>, &raw));
    const std::unique_ptr<tensor_function_t, Release> function(raw);
    FunctionContext context(raw);
    std::vector<Tensor> outputs;
    {
      const NoGrad no_grad;
      outputs = object->forward(context, inputs);
    }
    const std::vector<tensor_t*> outs = detail::handles(outputs);
    std::vector<tensor_t*> results(outs.size(), nullptr);
    detail::check(tensor_function_finish(raw, outs.data(), outs.size(), results.data()));
    return detail::owned(results);
  }

  // The name of the node; Derived may hide it with its own.
  static const char* name() { return "CppFunctionBackward"; }

 private:
  struct Release {
    void operator()(tensor_function_t* function) const { tensor_function_release(function); }
  };

  static tensor_status_t run_backward(void* user, tensor_function_t* function,
                                      tensor_t* const* grad_outputs, size_t output_count,
                                      tensor_t** grad_inputs, size_t input_count) {
    return detail::callback([&] {
      const std::vector<Tensor> gradients = detail::borrowed(grad_outputs, output_count);
      FunctionContext context(function);
      const std::vector<Tensor> found = static_cast<Derived*>(user)->backward(context, gradients);
      if (found.size() != input_count) {
        throw Error(TENSOR_ERROR_INVALID_ARGUMENT,
                    "function " + std::string(Derived::name()) +
                        " returned an incorrect number of gradients (expected " +
                        std::to_string(input_count) + ", got " + std::to_string(found.size()) +
                        ")");
      }
      for (size_t i = 0; i < input_count; ++i) grad_inputs[i] = detail::given(found[i]);
    });
  }
};

}  // namespace tensor

#endif  // TENSOR_CPP_FUNCTION_HPP
