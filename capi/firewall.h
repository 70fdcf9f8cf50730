// The one place where exceptions end: nothing is thrown across the C ABI.
#pragma once

#include <source_location>

#include "core/error.h"
#include "core/in_use.h"
#include "memory/context.h"
#include "tensor/status.h"

namespace libtensor::capi {

// Keeps the message of the exception being handled for tensor_last_error; returns its status.
[[gnu::cold]] tensor_status_t report_exception() noexcept;
const char* last_error() noexcept;
// How many messages this thread has kept: whether a call of the host left one.
uint32_t failure_count() noexcept;
// Keeps `text` as the message of `status`; returns the status.
tensor_status_t keep_error(Status status, const char* text) noexcept;

// Of calls that look up no handle.
struct NoUses {};

// Memory that `body` allocates is put down to the function that calls this. Until the end, this
// thread uses the tensors whose handles are looked up.
template <class Scope = UseScope, class Body>
inline tensor_status_t guard(
    Body&& body, std::source_location where = std::source_location::current()) noexcept {
  const memory::OperationScope operation(where.function_name());
  [[maybe_unused]] const Scope uses;
  try {
    body();
    return TENSOR_OK;
  } catch (...) {
    return report_exception();
  }
}

}  // namespace libtensor::capi
