// A row of the table that write_bad_argument_table.py writes: one function, with one argument that
// is wrong.
#pragma once

#include "capi/bad_handle.h"

namespace test {

// A struct that says it is that long; longer ones of a later version are fine.
template <class T>
class Sized {
 public:
  explicit Sized(size_t size) { value_.struct_size = size; }
  const T* get() const { return &value_; }

 private:
  T value_{};
};

// Stands for a function of any type, which does nothing.
struct AnyCallback {
  template <class R, class... Args>
  using Function = R (*)(Args...);
  template <class R, class... Args>
  operator Function<R, Args...>() const {
    return [](Args...) -> R { return R(); };
  }
};

struct BadArgument {
  const char* function;
  const char* argument;
  const char* what;
  tensor_status_t (*call)(const Good& good, Results& results);
};
extern const std::span<const BadArgument> bad_arguments;

}  // namespace test
