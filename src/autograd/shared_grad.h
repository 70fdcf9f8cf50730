// Whose a leaf's gradient is, so that its bits do not depend on which thread comes first.
#pragma once

#include <cstdint>
#include <memory>

#include "core/tensor.h"

namespace libtensor::autograd {

// A number of the calling thread, never used again; a helper thread stands in for the one it helps.
uint64_t this_thread();
void stand_in_for(uint64_t thread);

// The gradient of a leaf belongs to the thread that asked for it (requires_grad) or last set or
// cleared it. What passes of that thread add is added in their order, each sum rounded, as in
// PyTorch. What passes of other threads add is summed exactly; the gradient is the owner's part
// plus that, rounded once. So the result depends on what each thread adds, not on when.
class GradShares {
 public:
  GradShares();
  ~GradShares();

  // --- with accumulation_mutex held
  // `first` becomes the gradient of a leaf that has none.
  void begin(const Tensor& first);
  // Adds to `grad` in place, where other threads have a share in it; false where it is the calling
  // thread's alone, or exact sums are not to be had (no host memory, overlapping elements).
  bool add(Tensor& grad, const Tensor& incoming);
  // The gradient is a plain one from now on: that of the owner.
  void forget();
  // The same, and the calling thread is its owner.
  void reset();

 private:
  struct Shared;

  bool is_as_left(const Tensor& grad) const;
  void remember(const Tensor& grad);

  uint64_t owner_;
  bool foreign_ = false;            // the gradient is what one pass of another thread added
  std::unique_ptr<Shared> shared_;  // once threads share it
  // The gradient as it was left here: whoever changed it since has made it a plain one.
  const Storage* storage_ = nullptr;
  uint32_t version_ = 0;
};

}  // namespace libtensor::autograd
