#include "autograd/ownership.h"

#include <deque>
#include <unordered_map>

#include "autograd/hooks.h"
#include "autograd/saved_tensor.h"
#include "autograd/tensor_extra.h"

namespace libtensor::autograd {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

struct Object {
  explicit Object(size_t count) : references(count) {}
  size_t references;  // all there are
  size_t found = 0;   // of these, those that are known
  std::vector<size_t> to;
  std::vector<void*> users;
  bool leads = false;  // to a user
};

// Finds the objects, each of which visits what it holds.
class Walk final : public HeldVisitor {
 public:
  explicit Walk(void (*destroy)(void* user)) : destroy_(destroy) {}

  size_t start(const HeldObject& handle) {
    current_ = last_ = kNone;
    if (handle.tensor) tensor(handle.tensor);
    if (handle.node) node(handle.node);
    if (handle.hook) hook(handle.hook);
    return last_;
  }
  void run() {
    while (!pending_.empty()) {
      const auto [place, visit] = std::move(pending_.front());
      pending_.pop_front();
      current_ = place;
      visit();
    }
  }

  void tensor(const TensorImpl* held) override {
    meet(held, held->use_count(), [this, held] { visit_tensor(*held); });
  }
  void node(const GraphNode* held) override {
    const Node* const node = static_cast<const Node*>(held);
    meet(node, node->use_count(), [this, node] { visit_node(*node); });
  }
  void hook(const Hook* held) override {
    meet(held, held->use_count(), [this, held] { held->visit_held(*this); });
  }
  void saved_hooks(const SavedHooks* held) override {
    meet(held, held->use_count(), [this, held] { visit_holder(*held); });
  }
  void retained_grad(const RetainedGrad* held) override {
    meet(held, held->use_count(), [this, held] {
      if (held->grad.defined()) tensor(held->grad.impl());
    });
  }
  void user(const UserData& held) override {
    if (held.destroy == destroy_ && held.destroy) objects[current_].users.push_back(held.user);
  }

  std::vector<Object> objects;

 private:
  template <class Visit>
  void meet(const void* address, size_t references, Visit visit) {
    const auto [place, is_new] = places_.try_emplace(address, objects.size());
    last_ = place->second;
    if (is_new) {
      objects.emplace_back(references);
      pending_.emplace_back(last_, std::move(visit));
    }
    ++objects[last_].found;
    if (current_ != kNone) objects[current_].to.push_back(last_);
  }

  template <class T>
  void visit_holder(const T& object) {
    if (const auto* holder = dynamic_cast<const Holder*>(&object)) holder->visit_held(*this);
  }

  void visit_tensor(const TensorImpl& impl) {
    if (impl.grad_fn) node(impl.grad_fn.get());
    if (impl.view_base) tensor(impl.view_base.get());
    const auto* const extra = static_cast<const TensorExtra*>(impl.extra.get());
    if (!extra) return;
    if (extra->grad.defined()) tensor(extra->grad.impl());
    if (extra->retained) retained_grad(extra->retained.get());
    extra->hooks.visit_held(*this);
    extra->after.visit_held(*this);
    user(extra->companion.get());
  }

  void visit_node(const Node& node) {
    for (const Edge& edge : node.edges()) {
      if (edge.node) this->node(edge.node.get());
    }
    // The saved tensors of a node that works inside of another are visited as that one's.
    if (!node.enclosing())
      node.visit_saved([&](const char*, const SavedTensor& saved) { saved.visit_held(*this); });
    if (node.hooks()) node.hooks()->visit_held(*this);
    visit_holder(node);
  }

  void (*destroy_)(void* user);
  size_t current_ = kNone, last_ = kNone;
  std::unordered_map<const void*, size_t> places_;
  std::deque<std::pair<size_t, std::function<void()>>> pending_;
};

// Marks the objects that lead to a user.
void mark_leading(std::vector<Object>& objects) {
  std::vector<std::vector<size_t>> from(objects.size());
  std::vector<size_t> pending;
  for (size_t i = 0; i < objects.size(); ++i) {
    for (size_t target : objects[i].to) from[target].push_back(i);
    if (!objects[i].users.empty()) pending.push_back(i);
  }
  for (size_t i : pending) objects[i].leads = true;
  while (!pending.empty()) {
    const size_t place = pending.back();
    pending.pop_back();
    for (size_t source : from[place]) {
      if (objects[source].leads) continue;
      objects[source].leads = true;
      pending.push_back(source);
    }
  }
}

bool has_others(const Object& object) { return object.found != object.references; }

// For each object the one that stands for it: itself, or where it only passes on to.
std::vector<size_t> stand_ins(const std::vector<Object>& objects) {
  std::vector<size_t> next(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) {
    next[i] = i;
    if (!objects[i].users.empty() || has_others(objects[i])) continue;
    size_t only = kNone;
    bool several = false;
    for (size_t target : objects[i].to) {
      if (!objects[target].leads) continue;
      several = several || (only != kNone && only != target);
      only = target;
    }
    if (only != kNone && !several) next[i] = only;
  }
  for (size_t i = 0; i < next.size(); ++i) {
    size_t end = i;
    while (next[end] != end) end = next[end];
    for (size_t at = i; at != end;) at = std::exchange(next[at], end);
  }
  return next;
}

}  // namespace

Ownership ownership_below(std::span<const HeldObject> handles, void (*destroy)(void* user)) {
  Walk walk(destroy);
  std::vector<size_t> starts;
  starts.reserve(handles.size());
  for (const HeldObject& handle : handles) starts.push_back(walk.start(handle));
  walk.run();
  mark_leading(walk.objects);
  const std::vector<size_t> standing = stand_ins(walk.objects);
  Ownership result;
  result.object_count = walk.objects.size();
  for (size_t i = 0; i < starts.size(); ++i) {
    if (starts[i] != kNone && walk.objects[starts[i]].leads)
      result.handles.push_back({i, standing[starts[i]]});
  }
  for (size_t i = 0; i < walk.objects.size(); ++i) {
    const Object& object = walk.objects[i];
    if (!object.leads || standing[i] != i) continue;
    for (size_t target : object.to) {
      if (walk.objects[target].leads && standing[target] != i)
        result.objects.push_back({i, standing[target]});
    }
    for (void* user : object.users) result.users.push_back({i, user});
    if (has_others(object)) result.others.push_back(i);
  }
  return result;
}

}  // namespace libtensor::autograd
