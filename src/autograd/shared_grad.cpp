#include "autograd/shared_grad.h"

#include <atomic>

#include "autograd/exact_sum.h"
#include "autograd/tensor_ops.h"
#include "core/thread_local.h"

namespace libtensor::autograd {
namespace {

std::atomic<uint64_t> last_thread{0};
// The number of a thread, in its word.
void* as_word(uint64_t number) { return reinterpret_cast<void*>(static_cast<uintptr_t>(number)); }

bool sums_exactly(const Tensor& grad) {
  return grad.device().is_cpu() && is_floating(grad.dtype()) &&
         is_dense(grad.shape(), grad.strides());
}

}  // namespace

uint64_t this_thread() {
  void*& number = thread_word(ThreadWord::kThread);
  if (!number) number = as_word(last_thread.fetch_add(1, std::memory_order_relaxed) + 1);
  return reinterpret_cast<uintptr_t>(number);
}

void stand_in_for(uint64_t thread) { thread_word(ThreadWord::kThread) = as_word(thread); }

struct GradShares::Shared {
  Tensor own;  // the owner's part, undefined where there is none
  ExactSum total;

  explicit Shared(const Tensor& grad) : total(grad.dtype(), grad.numel()) {
    total.add(grad.data());
  }
  void add_own(const Tensor& incoming) {
    const Tensor before = own;
    own = before.defined() ? tensor_ops.add(before, incoming)
                           : tensor_ops.clone_for_leaf(incoming, incoming);
    if (before.defined()) total.add(before.data(), -1);
    total.add(own.data());
  }
};

GradShares::GradShares() : owner_(this_thread()) {}
GradShares::~GradShares() = default;

void GradShares::forget() {
  foreign_ = false;
  shared_.reset();
}

void GradShares::reset() {
  forget();
  owner_ = this_thread();
}

bool GradShares::is_as_left(const Tensor& grad) const {
  return storage_ == &grad.storage() && version_ == grad.version();
}

void GradShares::remember(const Tensor& grad) {
  storage_ = &grad.storage();
  version_ = grad.version();
}

void GradShares::begin(const Tensor& first) {
  forget();
  foreign_ = owner_ != this_thread();
  if (foreign_) remember(first);
}

bool GradShares::add(Tensor& grad, const Tensor& incoming) {
  const bool is_mine = owner_ == this_thread();
  if ((foreign_ || shared_) && !is_as_left(grad)) forget();
  if (!sums_exactly(grad) || (is_mine && !foreign_ && !shared_)) return false;
  if (incoming.dtype() != grad.dtype() || incoming.shape() != grad.shape()) return false;

  const Tensor fitting =
      incoming.strides() == grad.strides() ? incoming : tensor_ops.clone_for_leaf(incoming, grad);
  if (!shared_) {
    auto fresh = std::make_unique<Shared>(grad);
    if (!foreign_) fresh->own = tensor_ops.clone_for_leaf(grad, grad);
    shared_ = std::move(fresh);
    foreign_ = false;
    remember(grad);  // what follows may fail
  }
  is_mine ? shared_->add_own(fitting) : shared_->total.add(fitting.data());
  shared_->total.round_to(grad.data());
  grad.storage().bump_version("add_");
  remember(grad);
  return true;
}

}  // namespace libtensor::autograd
