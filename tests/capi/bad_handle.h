// A row of the table that write_bad_handle_table.py writes: one function, with one argument that is
// bad.
#pragma once

#include <algorithm>
#include <span>

#include "support/refusal.h"

namespace test {

using Handles = std::vector<tensor_t*>;
using Edges = std::vector<tensor_edge_t>;
inline constexpr int64_t kSizes[] = {1};
inline constexpr uint64_t kNumbers[] = {1};

// Memory for whatever a function may write; it must not where it fails.
class Results {
 public:
  Results() { std::memset(memory_, kPattern, sizeof(memory_)); }
  template <class T>
  T* as(int index) {
    static_assert(sizeof(T) <= kRoom);
    return reinterpret_cast<T*>(memory_ + index * kRoom);
  }
  // A struct that says how long it is.
  template <class T>
  T* sized(int index) {
    T* result = as<T>(index);
    result->struct_size = sizeof(T);
    return result;
  }
  bool untouched() const {
    return std::all_of(std::begin(memory_), std::end(memory_),
                       [](unsigned char byte) { return byte == kPattern; });
  }

 private:
  static constexpr unsigned char kPattern = 0x3c;
  static constexpr int kRoom = 512;
  alignas(16) unsigned char memory_[16 * kRoom];
};

// A function that takes and gives one tensor.
inline tensor_status_t return_input(void*, tensor_t* const* inputs, size_t, tensor_t** outputs,
                                    size_t) {
  outputs[0] = inputs[0];
  return TENSOR_OK;
}

// A live handle of each kind.
struct Good {
  tensor_t* tensor;
  tensor_node_t* node;
  tensor_hook_t* hook;
  tensor_function_t* function;
  tensor_cancel_t* cancel;
  tensor_vjp_t* vjp;
  tensor_stream_t* stream;
  tensor_event_t* event;
};

enum class Kind { kHandle, kNullable, kResult };

struct Case {
  const char* name;
  Kind kind;
  tensor_status_t (*call)(const Good& good, void* bad, Results& results);
};
extern const std::span<const Case> all_cases;

}  // namespace test
