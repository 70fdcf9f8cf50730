// Callbacks that run during backward, when nodes save tensors, or when a call warns. What they
// throw comes out of the call that made them run.
#ifndef TENSOR_CPP_HOOKS_HPP
#define TENSOR_CPP_HOOKS_HPP

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensor/cpp/autograd.hpp"
#include "tensor/hooks.h"
#include "tensor/runtime.h"

namespace tensor {
namespace detail {

// Calls `body`, and turns what it throws into a status whose message backward reports: an Error
// keeps its status, anything else becomes TENSOR_ERROR_INTERNAL with its text.
template <class Body>
tensor_status_t callback(Body&& body) noexcept {
  try {
    body();
    return TENSOR_OK;
  } catch (const Error& error) {
    return tensor_set_last_error(error.status(), error.what());
  } catch (const std::exception& error) {
    return tensor_set_last_error(TENSOR_ERROR_INTERNAL, error.what());
  } catch (...) {
    return tensor_set_last_error(TENSOR_ERROR_INTERNAL, "unknown exception in a callback");
  }
}

// A second handle of a borrowed one; undefined for NULL.
inline Tensor borrowed(tensor_t* handle) {
  tensor_t* own = nullptr;
  if (handle) check(tensor_retain(handle, &own));
  return Tensor::own(own);
}

inline std::vector<Tensor> borrowed(tensor_t* const* handles, size_t count) {
  std::vector<Tensor> tensors(count);
  for (size_t i = 0; i < count; ++i) tensors[i] = borrowed(handles[i]);
  return tensors;
}

// A handle that the library takes over; NULL for an undefined tensor.
inline tensor_t* given(const Tensor& tensor) {
  tensor_t* own = nullptr;
  if (tensor.defined()) check(tensor_retain(tensor.handle(), &own));
  return own;
}

template <class T>
void destroy(void* user) {
  delete static_cast<T*>(user);
}

}  // namespace detail

// Has `handler` called with each warning, in PyTorch's words, in the middle of the call that warns;
// what it throws comes out of that call, which has changed nothing then. Several threads may call
// it at once. An empty one: warnings go nowhere, as at first.
inline void set_warning_handler(std::function<void(const std::string&)> handler) {
  using Callable = std::function<void(const std::string&)>;
  if (!handler) return detail::check(tensor_set_warning_callback(nullptr, nullptr, nullptr));
  std::unique_ptr<Callable> user(new Callable(std::move(handler)));
  detail::check(tensor_set_warning_callback(
      [](void* held, const char* message) -> tensor_status_t {
        return detail::callback([&] { (*static_cast<Callable*>(held))(message); });
      },
      user.release(), &detail::destroy<Callable>));
}

// A hook that was registered. It stays when this object goes; remove takes it out.
class Hook {
 public:
  explicit Hook(tensor_hook_t* handle) : handle_(handle, &tensor_hook_release) {}
  void remove() { detail::check(tensor_hook_remove(handle_.get())); }

 private:
  std::shared_ptr<tensor_hook_t> handle_;
};

namespace autograd {

// Has `hook` called with each gradient of `tensor`; what it returns, if defined, takes its place.
inline Hook register_hook(const Tensor& tensor, std::function<Tensor(const Tensor&)> hook) {
  using Callable = std::function<Tensor(const Tensor&)>;
  std::unique_ptr<Callable> user(new Callable(std::move(hook)));
  tensor_hook_t* out;
  detail::check(tensor_register_hook(
      tensor.handle(),
      [](void* held, tensor_t** grad) -> tensor_status_t {
        return detail::callback([&] {
          const Tensor replaced = (*static_cast<Callable*>(held))(detail::borrowed(*grad));
          if (replaced.defined()) *grad = detail::given(replaced);
        });
      },
      user.release(), &detail::destroy<Callable>, &out));
  return Hook(out);
}

// Has `hook` called once in each backward pass that computes gradients of `tensors`: with one for
// each, undefined for those that the pass does not compute, when the last of them is there.
inline Hook register_multi_grad_hook(const std::vector<Tensor>& tensors,
                                     std::function<void(const std::vector<Tensor>&)> hook) {
  using Callable = std::function<void(const std::vector<Tensor>&)>;
  std::unique_ptr<Callable> user(new Callable(std::move(hook)));
  const std::vector<tensor_t*> handles = detail::handles(tensors);
  tensor_hook_t* out;
  detail::check(tensor_register_multi_grad_hook(
      handles.data(), handles.size(),
      [](void* held, tensor_t* const* grads, size_t count) -> tensor_status_t {
        return detail::callback(
            [&] { (*static_cast<Callable*>(held))(detail::borrowed(grads, count)); });
      },
      user.release(), &detail::destroy<Callable>, &out));
  return Hook(out);
}

// Has `hook` called once in each such pass, with the first gradient that is computed.
inline Hook register_any_grad_hook(const std::vector<Tensor>& tensors,
                                   std::function<void(const Tensor&)> hook) {
  using Callable = std::function<void(const Tensor&)>;
  std::unique_ptr<Callable> user(new Callable(std::move(hook)));
  const std::vector<tensor_t*> handles = detail::handles(tensors);
  tensor_hook_t* out;
  detail::check(tensor_register_any_grad_hook(
      handles.data(), handles.size(),
      [](void* held, tensor_t* grad) -> tensor_status_t {
        return detail::callback([&] { (*static_cast<Callable*>(held))(detail::borrowed(grad)); });
      },
      user.release(), &detail::destroy<Callable>, &out));
  return Hook(out);
}

// Has `hook` called with the leaf each time backward has added to its gradient.
inline Hook register_post_accumulate_grad_hook(const Tensor& leaf,
                                               std::function<void(const Tensor&)> hook) {
  using Callable = std::function<void(const Tensor&)>;
  std::unique_ptr<Callable> user(new Callable(std::move(hook)));
  tensor_hook_t* out;
  detail::check(tensor_register_post_accumulate_grad_hook(
      leaf.handle(),
      [](void* held, tensor_t* t) -> tensor_status_t {
        return detail::callback([&] { (*static_cast<Callable*>(held))(detail::borrowed(t)); });
      },
      user.release(), &detail::destroy<Callable>, &out));
  return Hook(out);
}

// Has `callback` called once, when the backward pass that runs on this thread is done; not where it
// fails. Only within a pass: from a hook or a function's backward.
inline void queue_callback(std::function<void()> callback) {
  using Callable = std::function<void()>;
  std::unique_ptr<Callable> user(new Callable(std::move(callback)));
  detail::check(tensor_queue_callback(
      [](void* held) -> tensor_status_t { return detail::callback(*static_cast<Callable*>(held)); },
      user.release(), &detail::destroy<Callable>));
}

// Whether the backward pass that runs on this thread, or one that it runs within, computes only
// some gradients. False outside of backward.
inline bool backward_is_partial() {
  bool out;
  detail::check(tensor_backward_is_partial(&out));
  return out;
}

// While it lives, each tensor that a node of this thread saves is given to `pack`, and what that
// makes of it is kept in its place: on disk, or in fewer bits. `unpack` makes a tensor of the same
// shape and dtype of it again, and may be called several times, or never. The last one made is
// used.
template <class Packed>
class SavedTensorsHooks {
 public:
  SavedTensorsHooks(std::function<Packed(const Tensor&)> pack,
                    std::function<Tensor(const Packed&)> unpack) {
    std::unique_ptr<Callables> user(new Callables{std::move(pack), std::move(unpack)});
    detail::check(tensor_saved_tensors_hooks_push(&run_pack, &run_unpack, &discard, user.release(),
                                                  &detail::destroy<Callables>));
  }
  ~SavedTensorsHooks() { tensor_saved_tensors_hooks_pop(); }
  SavedTensorsHooks(const SavedTensorsHooks&) = delete;
  SavedTensorsHooks& operator=(const SavedTensorsHooks&) = delete;

 private:
  struct Callables {
    std::function<Packed(const Tensor&)> pack;
    std::function<Tensor(const Packed&)> unpack;
  };

  static tensor_status_t run_pack(void* user, tensor_t* t, void** packed) {
    return detail::callback(
        [&] { *packed = new Packed(static_cast<Callables*>(user)->pack(detail::borrowed(t))); });
  }
  static tensor_status_t run_unpack(void* user, void* packed, tensor_t** out) {
    return detail::callback([&] {
      *out =
          detail::given(static_cast<Callables*>(user)->unpack(*static_cast<const Packed*>(packed)));
    });
  }
  static void discard(void*, void* packed) { delete static_cast<Packed*>(packed); }
};

}  // namespace autograd
}  // namespace tensor

#endif  // TENSOR_CPP_HOOKS_HPP
