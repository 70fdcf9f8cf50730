// The one place where exceptions end: nothing is thrown across the C ABI.
#pragma once

#include "core/error.h"
#include "tensor/status.h"

namespace libtensor::capi {

// Keeps the message of the exception being handled for tensor_last_error; returns its status.
[[gnu::cold]] tensor_status_t report_exception() noexcept;
const char* last_error() noexcept;
// How many messages this thread has kept: whether a call of the host left one.
uint64_t failure_count() noexcept;
// Keeps `text` as the message of `status`; returns the status.
tensor_status_t keep_error(Status status, const char* text) noexcept;

template <class Body>
inline tensor_status_t guard(Body&& body) noexcept {
  try {
    body();
    return TENSOR_OK;
  } catch (...) {
    return report_exception();
  }
}

}  // namespace libtensor::capi
