// A guard for programs that mix C calls with C++.
#ifndef TENSOR_CPP_SCOPE_HPP
#define TENSOR_CPP_SCOPE_HPP

#include <utility>
#include <vector>

#include "tensor/cpp/tensor_class.hpp"

namespace tensor {

// Every handle that this thread gets while a Scope lives is released at its end, but for those
// kept. A Tensor gives its handle back by itself; one that outlives the Scope in which it was made
// must be kept, or it stands for nothing afterwards. A copy of a Tensor is a handle of its own.
class Scope {
 public:
  Scope() { detail::check(tensor_scope_push()); }
  ~Scope() {
    for (tensor_t*& handle : kept_) {
      if (!is_live(handle)) handle = nullptr;
    }
    tensor_scope_pop(kept_.data(), kept_.size());
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  void keep(const Tensor& t) { kept_.push_back(t.handle()); }
  Tensor keep(Tensor&& t) {
    kept_.push_back(t.handle());
    return std::move(t);
  }
  tensor_t* keep(tensor_t* handle) {
    kept_.push_back(handle);
    return handle;
  }

 private:
  static bool is_live(tensor_t* handle) {
    size_t ndim;
    return handle && tensor_ndim(handle, &ndim) == TENSOR_OK;
  }

  std::vector<tensor_t*> kept_;
};

}  // namespace tensor

#endif  // TENSOR_CPP_SCOPE_HPP
