// Who holds whom in the graph, for bindings whose garbage collector looks for cycles that lead
// through the library.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/node.h"
#include "autograd/user_data.h"

namespace libtensor::autograd {

class Hook;
class RetainedGrad;
class SavedHooks;

// Is told of each reference that an object holds: once for every count it contributes.
class HeldVisitor {
 public:
  virtual void tensor(const TensorImpl* held) = 0;
  virtual void node(const GraphNode* held) = 0;
  virtual void hook(const Hook* held) = 0;
  virtual void saved_hooks(const SavedHooks* held) = 0;
  virtual void retained_grad(const RetainedGrad* held) = 0;
  virtual void user(const UserData& held) = 0;

  void tensors(std::span<const Tensor> all) {
    for (const Tensor& one : all) {
      if (one.defined()) tensor(one.impl());
    }
  }

 protected:
  ~HeldVisitor() = default;
};

// A node, a hook or a pair of saved-tensor hooks that holds more than its base tells.
class Holder {
 public:
  virtual void visit_held(HeldVisitor& visit) const = 0;

 protected:
  ~Holder() = default;
};

// What a handle stands for: one of these is not null, and the handle is one reference to it.
struct HeldObject {
  const TensorImpl* tensor = nullptr;
  const GraphNode* node = nullptr;
  const Hook* hook = nullptr;
};

struct Ownership {
  struct Reference {
    size_t from, to;
  };
  struct Use {
    size_t from;
    void* user;
  };
  std::vector<Reference> handles;  // from: a place among the handles; to: an object
  std::vector<Reference> objects;  // between objects
  std::vector<Use> users;
  std::vector<size_t> others;  // objects that are referenced from elsewhere as well
};

// What the handles lead to, as far as it leads to data whose destroy is `destroy`. Objects that
// only pass on to one other are left out. No other thread may use these objects meanwhile.
Ownership ownership_below(std::span<const HeldObject> handles, void (*destroy)(void* user));

// Takes their gradients from the tensors that only these keep alive; gives how many. No other
// thread may use tensors meanwhile.
size_t collect_gradient_cycles();

}  // namespace libtensor::autograd
