// Callbacks written as lambdas, which count how often they are destroyed.
#pragma once

#include <functional>

#include "support/tensors.h"

namespace test {

// A function handed to the library as (function, user, destroy): `call` is the function.
template <class... Args>
class Callback {
 public:
  using Function = std::function<tensor_status_t(Args...)>;

  explicit Callback(Function function, int* destroyed = nullptr)
      : owner_(new Owner{std::move(function), destroyed}) {}
  static tensor_status_t call(void* user, Args... args) {
    return static_cast<Owner*>(user)->function(args...);
  }
  void* user() const { return owner_; }
  static void destroy(void* user) {
    auto* owner = static_cast<Owner*>(user);
    if (owner->destroyed) ++*owner->destroyed;
    delete owner;
  }

 private:
  struct Owner {
    Function function;
    int* destroyed;
  };
  Owner* owner_;
};

using OnTensor = Callback<tensor_t**>;
using OnLeaf = Callback<tensor_t*>;
using BeforeNode = Callback<tensor_t**, size_t>;
using AfterNode = Callback<tensor_t**, size_t, tensor_t* const*, size_t>;
using OnBackward = Callback<tensor_function_t*, tensor_t* const*, size_t, tensor_t**, size_t>;

using OnGradients = Callback<tensor_t* const*, size_t>;

// Registers a lambda as a hook of `owner`, the first arguments of the C function.
template <class Kind, class Register, class... Owner>
OwnedHook hooked(Register* add, typename Kind::Function function, int* destroyed, Owner... owner) {
  const Kind callback(std::move(function), destroyed);
  OwnedHook hook;
  EXPECT_EQ(add(owner..., Kind::call, callback.user(), Kind::destroy, hook.out()), TENSOR_OK)
      << tensor_last_error();
  return hook;
}
inline OwnedHook on_tensor(tensor_t* t, OnTensor::Function function, int* destroyed = nullptr) {
  return hooked<OnTensor>(tensor_register_hook, std::move(function), destroyed, t);
}
inline OwnedHook after_accumulation(tensor_t* t, OnLeaf::Function function,
                                    int* destroyed = nullptr) {
  return hooked<OnLeaf>(tensor_register_post_accumulate_grad_hook, std::move(function), destroyed,
                        t);
}
inline OwnedHook on_all(const std::vector<tensor_t*>& tensors, OnGradients::Function function,
                        int* destroyed = nullptr) {
  return hooked<OnGradients>(tensor_register_multi_grad_hook, std::move(function), destroyed,
                             tensors.data(), tensors.size());
}
inline OwnedHook on_any(const std::vector<tensor_t*>& tensors, OnLeaf::Function function,
                        int* destroyed = nullptr) {
  return hooked<OnLeaf>(tensor_register_any_grad_hook, std::move(function), destroyed,
                        tensors.data(), tensors.size());
}
inline OwnedHook before_node(tensor_node_t* node, BeforeNode::Function function,
                             int* destroyed = nullptr) {
  return hooked<BeforeNode>(tensor_node_register_prehook, std::move(function), destroyed, node);
}
inline OwnedHook after_node(tensor_node_t* node, AfterNode::Function function,
                            int* destroyed = nullptr) {
  return hooked<AfterNode>(tensor_node_register_hook, std::move(function), destroyed, node);
}

// Begins a custom function whose derivative is a lambda.
inline OwnedFunction begin_function(std::vector<tensor_t*> inputs, OnBackward::Function backward,
                                    int* destroyed = nullptr) {
  const OnBackward callback(std::move(backward), destroyed);
  OwnedFunction function;
  EXPECT_EQ(tensor_function_begin(inputs.data(), inputs.size(), "TestBackward", OnBackward::call,
                                  callback.user(), OnBackward::destroy, function.out()),
            TENSOR_OK)
      << tensor_last_error();
  return function;
}
inline Owned finish(tensor_function_t* function, tensor_t* output) {
  Owned result;
  EXPECT_EQ(tensor_function_finish(function, &output, 1, result.out()), TENSOR_OK)
      << tensor_last_error();
  return result;
}

inline tensor_status_t refuse(const char* message) {
  return tensor_set_last_error(TENSOR_ERROR_VALUE, message);
}

}  // namespace test
