// The one place where exceptions end: nothing is thrown across the C ABI.
#pragma once

#include "core/error.h"
#include "tensor/status.h"

namespace libtensor::capi {

// Keeps the message of the exception being handled for tensor_last_error; returns its status.
[[gnu::cold]] tensor_status_t report_exception() noexcept;
const char* last_error() noexcept;
void set_last_error(const char* message) noexcept;
// Raised with every message that is set: tells whether a callback left one.
uint64_t error_count() noexcept;

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
