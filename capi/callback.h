// What a program hands in to be called back: a user pointer and its destroy.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "autograd/saved_hooks.h"
#include "core/tensor.h"
#include "handles.h"
#include "tensor/types.h"

namespace libtensor::capi {

// Calls the host's destroy, where there is one. It may do what any callback may, but not fail.
void call_destroy(autograd::UserData data) noexcept;

// Calls destroy(user) once, when the last copy goes.
class User {
 public:
  User(void* user, void (*destroy)(void* user));
  void* get() const { return owner_->user; }
  autograd::UserData data() const { return {owner_->user, owner_->destroy}; }

 private:
  struct Owner {
    void* user;
    void (*destroy)(void* user);
    ~Owner() { call_destroy({user, destroy}); }
  };
  std::shared_ptr<const Owner> owner_;
};

// One call of the host. What the callback leaves open or switches is put back when this ends:
// scopes, the hooks of saved tensors, the modes of recording; and it cannot close what its caller
// opened. check throws where it returned an error, with the message that it left.
class CallbackFrame {
 public:
  CallbackFrame() noexcept;
  ~CallbackFrame();
  CallbackFrame(const CallbackFrame&) = delete;
  CallbackFrame& operator=(const CallbackFrame&) = delete;
  void check(tensor_status_t status, const char* what) const;

 private:
  uint32_t errors_before_;
  bool grad_mode_, inference_mode_;
  autograd::SavedHooksFence saved_hooks_;
  ScopeFence scopes_;
};

// Borrowed handles of tensors for a callback; undefined tensors are NULL.
class LentHandles {
 public:
  explicit LentHandles(std::span<const Tensor> tensors);
  ~LentHandles();
  LentHandles(const LentHandles&) = delete;
  LentHandles& operator=(const LentHandles&) = delete;

  tensor_t** data() { return handles_.data(); }
  size_t size() const { return handles_.size(); }
  // The tensors that stand there after the call: those lent, or what replaced them, which is taken
  // over. Throws where that is no tensor.
  void take_back(std::span<Tensor> tensors, const char* what);

 private:
  std::vector<tensor_t*> lent_, handles_;
};

}  // namespace libtensor::capi
