// All that can be seen of a tensor, small enough to be taken after every call.
#pragma once

#include <tensor/tensor.h>

#include <cstdint>
#include <string>

namespace test {

// More elements than this are not read.
inline constexpr int64_t kFewElements = 20'000;
inline constexpr size_t kMostDims = 64;

// Can be, where set_data has given the base of a view other elements.
inline constexpr const char* kIntegersRequireGrad = "integers require grad";

struct Snapshot {
  size_t ndim = 0;
  int64_t shape[kMostDims] = {}, strides[kMostDims] = {};
  int64_t numel = 0, offset = 0;
  tensor_dtype_t dtype = TENSOR_DTYPE_DEFAULT;
  uint32_t version = 0;
  bool requires_grad = false, is_leaf = false, is_inference = false;
  uint64_t grad_fn = 0;           // a hash of its name
  bool was_read = false;          // the elements; not where they are many, or memory has run out
  uint64_t elements = 0;          // a hash of them, where they are few
  const char* storage = nullptr;  // where it begins

  bool few() const { return numel <= kFewElements; }
  bool may_overlap() const;  // several of its elements may be one
};

// What two of the same tensor differ in; "" where in nothing.
std::string difference(const Snapshot& before, const Snapshot& after);
// Takes one; what it says of a tensor that cannot be is in `wrong`, "" where nothing.
Snapshot look(const tensor_t* t, std::string& wrong);
// Where the storage begins whose element number `offset` is at `data`.
const char* storage_begin(const void* data, int64_t offset, tensor_dtype_t dtype);
std::string text(const Snapshot& seen);

}  // namespace test
