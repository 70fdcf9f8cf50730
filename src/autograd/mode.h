// Whether this thread records operations.
#pragma once

#include <atomic>
#include <utility>

#include "core/tensor.h"
#include "core/thread_local.h"

namespace libtensor::autograd {

// Whether operations are recorded: what was asked for, but never in inference mode.
extern LIBTENSOR_FAST_THREAD_LOCAL bool grad_enabled_flag;
// What was asked for.
extern LIBTENSOR_FAST_THREAD_LOCAL bool grad_mode_flag;

inline bool grad_enabled() { return grad_enabled_flag; }
inline bool grad_mode() { return grad_mode_flag; }

// Returns the mode before.
inline bool set_grad_mode(bool enabled) {
  grad_enabled_flag = enabled && !inference_mode_flag;
  return std::exchange(grad_mode_flag, enabled);
}

class GradMode {
 public:
  explicit GradMode(bool enabled) : previous_(set_grad_mode(enabled)) {}
  ~GradMode() { set_grad_mode(previous_); }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

// Whether nodes remember where they were recorded (anomaly.h), for the whole process.
extern std::atomic<bool> anomaly_enabled_flag;
inline bool anomaly_enabled() { return anomaly_enabled_flag.load(std::memory_order_relaxed); }

// Returns whether it was on before.
inline bool set_inference_mode(bool enabled) {
  grad_enabled_flag = grad_mode_flag && !enabled;
  return std::exchange(inference_mode_flag, enabled);
}

}  // namespace libtensor::autograd
