#include "fuzz/snapshot.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fuzz/choices.h"

namespace test {
namespace {

uint64_t hash(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t result = size;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    result = (result ^ word) * 0x9fb21c651e98df25;
    result ^= result >> 32;
  }
  for (; size > 0; --size) result = (result ^ *bytes++) * 0x100000001b3;
  return mixed(result);
}

// The product of the sizes; -1 where it does not fit.
int64_t product(const Snapshot& seen) {
  int64_t result = 1;
  bool fits = true;
  for (size_t i = 0; i < seen.ndim; ++i) {
    if (seen.shape[i] == 0) return 0;
    fits = fits && !__builtin_mul_overflow(result, seen.shape[i], &result);
  }
  return fits ? result : -1;
}

void look_at_elements(const tensor_t* t, Snapshot& seen, std::string& wrong) {
  static thread_local unsigned char buffer[kFewElements * 8];
  const size_t bytes = static_cast<size_t>(seen.numel) * tensor_dtype_size(seen.dtype);
  if (tensor_copy_to(t, buffer, bytes) != TENSOR_OK) {
    // Not where memory has run out on the way.
    if (tensor_copy_to(t, buffer, bytes) != TENSOR_ERROR_OUT_OF_MEMORY) {
      wrong = std::string("elements cannot be read: ") + tensor_last_error();
    }
    return;
  }
  if (seen.dtype == TENSOR_BOOL &&
      !std::all_of(buffer, buffer + bytes, [](auto b) { return b < 2; })) {
    wrong = "a bool is neither 0 nor 1";
  }
  seen.was_read = true;
  seen.elements = hash(buffer, bytes);
}

void check(const Snapshot& seen, std::string& wrong) {
  if (seen.numel != product(seen)) wrong = "numel is not the product of the sizes";
  if (std::any_of(seen.shape, seen.shape + seen.ndim, [](int64_t size) { return size < 0; })) {
    wrong = "a size is negative";
  }
  if (seen.offset < 0) wrong = "the storage offset is negative";
  if (tensor_dtype_size(seen.dtype) == 0) wrong = "the dtype is none";
}

void look_at_history(const tensor_t* t, Snapshot& seen, std::string& wrong) {
  char name[80] = "";
  size_t length = 0;
  if (tensor_requires_grad(t, &seen.requires_grad) != TENSOR_OK ||
      tensor_is_leaf(t, &seen.is_leaf) != TENSOR_OK ||
      tensor_grad_fn_name(t, name, sizeof(name), &length) != TENSOR_OK) {
    // There is none to see of a view that was changed where PyTorch forbids to look at it then.
    if (!std::strstr(tensor_last_error(), "view")) wrong = tensor_last_error();
    seen.requires_grad = seen.is_leaf = false;
    return;
  }
  if (seen.is_leaf && length > 0) wrong = "a leaf has a grad_fn";
  if (!seen.is_leaf && !seen.requires_grad) wrong = "no leaf requires no grad";
  if (seen.requires_grad && seen.dtype < TENSOR_FLOAT16) wrong = kIntegersRequireGrad;
  seen.grad_fn = hash(name, std::strlen(name));
}

}  // namespace

const char* storage_begin(const void* data, int64_t offset, tensor_dtype_t dtype) {
  // Offsets of empty tensors may be any: the difference wraps around.
  return reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(data) -
                                       static_cast<uintptr_t>(offset) * tensor_dtype_size(dtype));
}

Snapshot look(const tensor_t* t, std::string& wrong) {
  Snapshot seen;
  size_t ndim = 0;
  void* data = nullptr;
  const tensor_status_t statuses[] = {
      tensor_shape(t, seen.shape, kMostDims, &seen.ndim),
      tensor_strides(t, seen.strides, kMostDims, &ndim),
      tensor_numel(t, &seen.numel),
      tensor_storage_offset(t, &seen.offset),
      tensor_dtype(t, &seen.dtype),
      tensor_is_inference(t, &seen.is_inference),
      tensor_data(t, &data),
  };
  for (const tensor_status_t status : statuses) {
    if (status != TENSOR_OK) wrong = std::string("a tensor cannot be read: ") + tensor_last_error();
  }
  if (!wrong.empty()) return seen;
  if (seen.ndim > kMostDims || ndim != seen.ndim) {
    wrong =
        "it has " + std::to_string(seen.ndim) + " dims and " + std::to_string(ndim) + " strides";
    return seen;
  }
  if (!seen.is_inference && tensor_version_of(t, &seen.version) != TENSOR_OK) {
    wrong = std::string("no version: ") + tensor_last_error();
  }
  check(seen, wrong);
  look_at_history(t, seen, wrong);
  if (data) {
    seen.storage = storage_begin(data, seen.offset, seen.dtype);
  }
  if (wrong.empty() && seen.few()) look_at_elements(t, seen, wrong);
  return seen;
}

// Not where each stride steps over all that the smaller ones reach.
bool Snapshot::may_overlap() const {
  std::pair<int64_t, int64_t> steps[kMostDims];  // stride, size
  size_t count = 0;
  for (size_t i = 0; numel > 1 && i < ndim; ++i) {
    if (shape[i] > 1) steps[count++] = {strides[i], shape[i]};
  }
  std::sort(steps, steps + count);
  double reach = 0;
  for (size_t i = 0; i < count; ++i) {
    if (static_cast<double>(steps[i].first) <= reach) return true;
    reach += static_cast<double>(steps[i].first) * static_cast<double>(steps[i].second - 1);
  }
  return false;
}

std::string difference(const Snapshot& a, const Snapshot& b) {
  if (a.dtype != b.dtype) return "dtype";
  if (a.ndim != b.ndim || !std::equal(a.shape, a.shape + a.ndim, b.shape)) return "shape";
  if (!std::equal(a.strides, a.strides + a.ndim, b.strides)) return "strides";
  if (a.offset != b.offset) return "storage offset";
  if (a.storage != b.storage) return "storage";
  if (a.was_read && b.was_read && a.elements != b.elements) return "elements";
  if (a.version != b.version) return "version";
  if (a.requires_grad != b.requires_grad) return "requires_grad";
  if (a.is_leaf != b.is_leaf) return "is_leaf";
  if (a.grad_fn != b.grad_fn) return "grad_fn";
  if (a.is_inference != b.is_inference) return "is_inference";
  return "";
}

std::string text(const Snapshot& seen) {
  std::string result = std::string(tensor_dtype_name(seen.dtype)) + "[";
  const size_t shown = std::min<size_t>(seen.ndim, 6);
  for (size_t i = 0; i < shown; ++i) {
    result.append(i ? "," : "").append(std::to_string(seen.shape[i]));
  }
  if (shown < seen.ndim) result.append(",... ").append(std::to_string(seen.ndim)) += " dims";
  result += "]";
  if (seen.requires_grad) result += seen.is_leaf ? " leaf" : " grad";
  return result;
}

}  // namespace test
