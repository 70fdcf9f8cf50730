// What the thread is doing, as statistics and error messages show it.
#pragma once

#include <cstdint>
#include <string>

#include "core/thread_local.h"

namespace libtensor::memory {

// The user's tag, see tags.h; 0: none.
extern LIBTENSOR_FAST_THREAD_LOCAL uint32_t current_tag;
// The operation: its name or its C function's signature, a string that lives for ever; nullptr:
// none.
extern LIBTENSOR_FAST_THREAD_LOCAL const char* current_operation;

// The name alone: "tensor_add" from "tensor_status_t tensor_add(const tensor_t*, ...)"; "" from
// nullptr.
std::string operation_name(const char* operation);

// Names the operation for as long as it lives.
class OperationScope {
 public:
  explicit OperationScope(const char* operation) : before_(current_operation) {
    current_operation = operation;
  }
  ~OperationScope() { current_operation = before_; }
  OperationScope(const OperationScope&) = delete;
  OperationScope& operator=(const OperationScope&) = delete;

 private:
  const char* before_;
};

}  // namespace libtensor::memory
