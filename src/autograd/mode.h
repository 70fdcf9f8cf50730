// Whether this thread records operations.
#pragma once

#include <utility>

#include "core/thread_local.h"

namespace libtensor::autograd {

extern LIBTENSOR_FAST_THREAD_LOCAL bool grad_enabled_flag;

inline bool grad_enabled() { return grad_enabled_flag; }

class GradMode {
 public:
  explicit GradMode(bool enabled) : previous_(std::exchange(grad_enabled_flag, enabled)) {}
  ~GradMode() { grad_enabled_flag = previous_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

}  // namespace libtensor::autograd
