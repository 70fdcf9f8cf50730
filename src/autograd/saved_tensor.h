// A tensor that a node keeps for its derivative, and the check that nobody changed it since.
#pragma once

#include "core/tensor.h"

namespace libtensor::autograd {

class Node;

class SavedTensor {
 public:
  SavedTensor() = default;
  // An input of the operation.
  void save(const Tensor& input);
  // An input of an operation that will change `self` in place. Where they are one, the node becomes
  // the tensor's grad_fn, and to keep the tensor itself would be a cycle.
  void save_beside(const Tensor& input, const Tensor& self) {
    input.is_same(self) ? save_output(input) : save(input);
  }
  // A result of the operation whose node is `this one`: kept without its grad_fn, since that would
  // be a cycle.
  void save_output(const Tensor& result);
  // The tensor, with its history. Throws where it was released, or changed in place since it was
  // saved.
  Tensor unpack(Node& owner) const;
  // What is held, as it is: undefined where nothing was saved, or it was released.
  const Tensor& held() const { return tensor_; }
  void release() {
    tensor_ = Tensor();
    released_ = true;
  }

 private:
  void check_version(const Node& owner) const;

  Tensor tensor_;
  uint32_t version_ = 0;
  uint32_t output_nr_ = 0;
  bool is_output_ = false;
  bool released_ = false;
};

}  // namespace libtensor::autograd
