// A tensor that a node keeps for its derivative, and the check that nobody changed it since.
#pragma once

#include <string>

#include "autograd/saved_hooks.h"
#include "core/tensor.h"

namespace libtensor::autograd {

class HeldVisitor;
class Node;
struct PackedTensor;

class SavedTensor {
 public:
  SavedTensor() = default;
  SavedTensor(SavedTensor&& other) noexcept { swap(other); }
  SavedTensor& operator=(SavedTensor&& other) noexcept {
    swap(other);
    return *this;
  }
  ~SavedTensor() {
    if (packed_) [[unlikely]]
      drop_packed();
  }

  // An input of the operation, whose gradient goes along edge number `edge` of the node
  // (Node::saved_edge).
  void save(const Tensor& input, uint32_t edge) {
    released_ = false;
    saved_ = true;
    if (!input.defined()) return;
    if (saved_hooks_active() || input.impl()->inference) [[unlikely]]
      return save_specially(input, /*is_output=*/false);
    if (input.is_view()) input.impl()->lend_history();  // its base may be changed in place
    number_ = edge;
    version_ = input.version();
    input.storage().watch();
    tensor_ = SavedRef(input.ref());
  }
  // An input of an operation that will change `self` in place. Where they share memory, the node
  // becomes the grad_fn of both or of their base, and to keep the input itself would be a cycle.
  void save_beside(const Tensor& input, uint32_t edge, const Tensor& self) {
    const bool shares = input.defined() && input.impl()->storage == self.impl()->storage;
    shares ? save_output(input) : save(input, edge);
  }
  // A result of the operation whose node is `this one`: kept without its grad_fn, since that would
  // be a cycle.
  void save_output(const Tensor& result);
  // The same in two steps, for an in-place operation: what can fail comes before it writes, and
  // where it has written, that is the result.
  void expect_output(const Tensor& content);
  void take_output(const Tensor& result) noexcept;
  // Where an in-place operation has a result to save and a hook, which may fail, is to keep it: the
  // hook is given `content`, what the operation is about to write, so that nothing is changed where
  // it does. `maker`: the node, without an output yet.
  void save_output_early(const Tensor& content, const Ref<Node>& maker);
  // The tensor, with its history. Throws where it was released, or changed in place since it was
  // saved.
  Tensor unpack(Node& owner) const;
  // May meet an unpack on another thread, whose pass runs through the same node.
  void release();

  bool released() const { return released_; }
  // What is held, as it is: null where nothing was saved, it was released, or hooks keep it. The
  // caller uses it until the UseScope around ends.
  SavedRef held() const;
  void visit_held(HeldVisitor& visit) const;

 private:
  SavedTensor copy() const;
  void save_specially(const Tensor& tensor, bool is_output);
  Tensor unpack_unguarded(Node& owner) const;
  Tensor unpack_by_hooks(Node& owner) const;
  [[gnu::cold]] void drop_packed();
  Tensor reattached(Node& owner) const;
  void check_version(const Node& owner) const;
  std::string origin(const Node& owner) const;
  void swap(SavedTensor& other) noexcept;

  SavedRef tensor_;
  PackedTensor* packed_ = nullptr;  // kept by hooks
  uint32_t version_ = 0;
  uint32_t number_ = 0;  // of the edge of an input, or the output number of a result
  bool is_output_ = false;
  bool released_ = false;
  bool saved_ = false;  // not before its operation has come so far, and a pack hook may look
};

}  // namespace libtensor::autograd
