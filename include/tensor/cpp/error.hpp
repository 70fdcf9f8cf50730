// What every call throws when it fails.
#ifndef TENSOR_CPP_ERROR_HPP
#define TENSOR_CPP_ERROR_HPP

#include <stdexcept>
#include <string>

#include "tensor/status.h"

namespace tensor {

// The library's message, and the status that tells the kinds of errors apart (TENSOR_ERROR_...).
class Error : public std::runtime_error {
 public:
  Error(tensor_status_t status, const std::string& message)
      : std::runtime_error(message), status_(status) {}

  tensor_status_t status() const noexcept { return status_; }

 private:
  tensor_status_t status_;
};

namespace detail {

inline void check(tensor_status_t status) {
  if (status != TENSOR_OK) throw Error(status, tensor_last_error());
}

}  // namespace detail
}  // namespace tensor

#endif  // TENSOR_CPP_ERROR_HPP
