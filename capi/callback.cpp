#include "callback.h"

#include "arguments.h"
#include "autograd/mode.h"
#include "firewall.h"

namespace libtensor::capi {

void call_destroy(autograd::UserData data) noexcept {
  if (!data.destroy) return;
  const CallbackFrame frame;
  data.destroy(data.user);
}

// destroy is called even where there is no memory to remember it.
User::User(void* user, void (*destroy)(void* user)) {
  std::unique_ptr<const Owner> owner;
  try {
    owner = std::make_unique<const Owner>(Owner{user, nullptr});
    const_cast<Owner&>(*owner).destroy = destroy;
  } catch (...) {
    call_destroy({user, destroy});
    throw;
  }
  owner_ = std::move(owner);
}

CallbackFrame::CallbackFrame() noexcept
    : errors_before_(failure_count()),
      grad_mode_(autograd::grad_mode()),
      inference_mode_(inference_mode_flag) {}

CallbackFrame::~CallbackFrame() {
  autograd::set_inference_mode(inference_mode_);
  autograd::set_grad_mode(grad_mode_);
}

void CallbackFrame::check(tensor_status_t status, const char* what) const {
  if (status == TENSOR_OK) return;
  const bool left_message = failure_count() != errors_before_ && *last_error();
  if (left_message) fail(static_cast<Status>(status), last_error());
  fail(static_cast<Status>(status), what, " failed: ", tensor_status_name(status));
}

LentHandles::LentHandles(std::span<const Tensor> tensors) {
  lent_.reserve(tensors.size());
  try {
    for (const Tensor& tensor : tensors)
      lent_.push_back(tensor.defined() ? new_handle(tensor) : nullptr);
    handles_ = lent_;
  } catch (...) {
    for (tensor_t* handle : lent_) release_handle(handle);
    throw;
  }
}

LentHandles::~LentHandles() {
  for (size_t i = 0; i < lent_.size(); ++i) {
    release_handle(lent_[i]);
    if (i < handles_.size() && handles_[i] != lent_[i]) release_handle(handles_[i]);
  }
}

void LentHandles::take_back(std::span<Tensor> tensors, const char* what) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (handles_[i] != lent_[i]) tensors[i] = optional_tensor_of(handles_[i], what);
  }
}

}  // namespace libtensor::capi
