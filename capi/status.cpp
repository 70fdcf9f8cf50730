#include "tensor/status.h"

#include "firewall.h"

using namespace libtensor;

static_assert(TENSOR_ERROR_INVALID_ARGUMENT == static_cast<int>(Status::kInvalidArgument));
static_assert(TENSOR_ERROR_INVALID_HANDLE == static_cast<int>(Status::kInvalidHandle));
static_assert(TENSOR_ERROR_TYPE == static_cast<int>(Status::kTypeError));
static_assert(TENSOR_ERROR_VALUE == static_cast<int>(Status::kValueError));
static_assert(TENSOR_ERROR_INDEX == static_cast<int>(Status::kIndexError));
static_assert(TENSOR_ERROR_NOT_IMPLEMENTED == static_cast<int>(Status::kNotImplemented));
static_assert(TENSOR_ERROR_OUT_OF_MEMORY == static_cast<int>(Status::kOutOfMemory));
static_assert(TENSOR_ERROR_UNAVAILABLE == static_cast<int>(Status::kUnavailable));
static_assert(TENSOR_ERROR_INTERNAL == static_cast<int>(Status::kInternal));
static_assert(TENSOR_ERROR_CANCELLED == static_cast<int>(Status::kCancelled));
static_assert(TENSOR_ERROR_GRADCHECK == static_cast<int>(Status::kGradcheck));

const char* tensor_last_error(void) { return capi::last_error(); }

tensor_status_t tensor_set_last_error(tensor_status_t status, const char* message) {
  return capi::keep_error(static_cast<Status>(status), message ? message : "");
}

const char* tensor_status_name(tensor_status_t status) {
  switch (status) {
    case TENSOR_OK:
      return "ok";
    case TENSOR_ERROR_INVALID_ARGUMENT:
      return "invalid argument";
    case TENSOR_ERROR_INVALID_HANDLE:
      return "invalid handle";
    case TENSOR_ERROR_TYPE:
      return "type error";
    case TENSOR_ERROR_VALUE:
      return "value error";
    case TENSOR_ERROR_INDEX:
      return "index error";
    case TENSOR_ERROR_NOT_IMPLEMENTED:
      return "not implemented";
    case TENSOR_ERROR_OUT_OF_MEMORY:
      return "out of memory";
    case TENSOR_ERROR_UNAVAILABLE:
      return "unavailable";
    case TENSOR_ERROR_INTERNAL:
      return "internal error";
    case TENSOR_ERROR_CANCELLED:
      return "cancelled";
    case TENSOR_ERROR_GRADCHECK:
      return "wrong gradient";
    default:
      return "unknown status";
  }
}

uint32_t tensor_version(void) { return LIBTENSOR_VERSION; }
