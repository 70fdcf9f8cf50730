#include "autograd/ownership.h"

#include <unordered_map>

#include "autograd/hooks.h"
#include "autograd/saved_tensor.h"
#include "autograd/tensor_extra.h"

namespace libtensor::autograd {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

struct Object {
  size_t references;   // all there are
  size_t found = 0;    // of these, those that are known
  bool leads = false;  // to a user, or something that is held leads here
  bool has_user = false;
  bool has_others() const { return found != references; }
};

// Finds the objects, each of which visits what it holds.
class Walk final : public HeldVisitor {
 public:
  explicit Walk(void (*destroy)(void* user)) : destroy_(destroy) {}

  // Gives the object's place, or kNone.
  size_t start(const HeldObject& handle) {
    current_ = last_ = kNone;
    if (handle.tensor) tensor(handle.tensor);
    if (handle.node) node(handle.node);
    if (handle.hook) hook(handle.hook);
    return last_;
  }
  // A place to look at that nobody is known to hold.
  size_t look_at(const TensorImpl* impl) {
    const size_t place = start({impl});
    --objects[place].found;
    return place;
  }
  void run() {
    while (!pending_.empty()) {
      const Pending next = pending_.back();
      pending_.pop_back();
      current_ = next.place;
      next.visit(*this, next.object);
    }
  }

  void tensor(const TensorImpl* held) override { meet(held); }
  void node(const GraphNode* held) override { meet(static_cast<const Node*>(held)); }
  void hook(const Hook* held) override { meet(held); }
  void saved_hooks(const SavedHooks* held) override { meet(held); }
  void retained_grad(const RetainedGrad* held) override { meet(held); }
  void user(const UserData& held) override {
    if (!held.destroy || held.destroy != destroy_) return;
    users.push_back({current_, held.user});
    objects[current_].has_user = true;
  }

  std::vector<Object> objects;
  std::vector<Ownership::Reference> references;
  std::vector<Ownership::Use> users;

 private:
  struct Pending {
    size_t place;
    const void* object;
    void (*visit)(Walk& walk, const void* object);
  };

  template <class T>
  void meet(const T* object) {
    const auto [place, is_new] = places_.try_emplace(object, objects.size());
    last_ = place->second;
    if (is_new) {
      objects.push_back({object->use_count()});
      pending_.push_back({last_, object, [](Walk& walk, const void* found) {
                            walk.visit(*static_cast<const T*>(found));
                          }});
    }
    ++objects[last_].found;
    if (current_ != kNone) references.push_back({current_, last_});
  }

  void visit(const TensorImpl& impl) {
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
  void visit(const Node& node) {
    for (const Edge& edge : node.edges()) {
      if (edge.node) this->node(edge.node.get());
    }
    // The saved tensors of a node that works inside of another are visited as that one's.
    if (!node.enclosing())
      node.visit_saved([&](const char*, const SavedTensor& saved) { saved.visit_held(*this); });
    if (node.hooks()) node.hooks()->visit_held(*this);
    visit_more(node);
  }
  void visit(const Hook& hook) { hook.visit_held(*this); }
  void visit(const SavedHooks& hooks) { visit_more(hooks); }
  void visit(const RetainedGrad& retained) { tensors({&retained.grad, 1}); }

  template <class T>
  void visit_more(const T& object) {
    if (const auto* holder = dynamic_cast<const Holder*>(&object)) holder->visit_held(*this);
  }

  void (*destroy_)(void* user);
  size_t current_ = kNone, last_ = kNone;
  std::unordered_map<const void*, size_t> places_;
  std::vector<Pending> pending_;
};

// Marks the objects that lead to a user.
void mark_leading(Walk& walk) {
  const size_t count = walk.objects.size();
  std::vector<size_t> ends(count + 1), holders(walk.references.size());
  for (const auto& one : walk.references) ++ends[one.to];
  for (size_t i = 1; i <= count; ++i) ends[i] += ends[i - 1];
  std::vector<size_t> begins = ends;
  for (const auto& one : walk.references) holders[--begins[one.to]] = one.from;
  std::vector<size_t> pending;
  const auto mark = [&](size_t place) {
    if (!std::exchange(walk.objects[place].leads, true)) pending.push_back(place);
  };
  for (const auto& one : walk.users) mark(one.from);
  while (!pending.empty()) {
    const size_t place = pending.back();
    pending.pop_back();
    for (size_t i = begins[place]; i < ends[place]; ++i) mark(holders[i]);
  }
}

// For each object the one that stands for it: itself, or the one that it only passes on to.
std::vector<size_t> stand_ins(const Walk& walk) {
  const size_t count = walk.objects.size();
  std::vector<size_t> next(count, kNone);
  for (const auto& [from, to] : walk.references) {
    if (!walk.objects[to].leads) continue;
    next[from] = next[from] == kNone || next[from] == to ? to : from;
  }
  for (size_t i = 0; i < count; ++i) {
    const bool passes_on = !walk.objects[i].has_user && !walk.objects[i].has_others();
    if (!passes_on || next[i] == kNone) next[i] = i;
  }
  for (size_t i = 0; i < count; ++i) {
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
  mark_leading(walk);
  const std::vector<size_t> standing = stand_ins(walk);
  Ownership result;
  for (size_t i = 0; i < starts.size(); ++i) {
    if (starts[i] != kNone && walk.objects[starts[i]].leads)
      result.handles.push_back({i, standing[starts[i]]});
  }
  for (const auto& [from, to] : walk.references) {
    const bool counts = walk.objects[to].leads && standing[from] == from && standing[to] != from;
    if (counts) result.objects.push_back({from, standing[to]});
  }
  for (size_t i = 0; i < walk.objects.size(); ++i) {
    if (walk.objects[i].leads && walk.objects[i].has_others()) result.others.push_back(i);
  }
  result.users = std::move(walk.users);
  return result;
}

namespace {

// Marks what is held from elsewhere, and all that this leads to.
void mark_held(Walk& walk) {
  std::vector<size_t> begins(walk.objects.size() + 1), held(walk.references.size()), pending;
  for (const auto& one : walk.references) ++begins[one.from + 1];
  for (size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
  std::vector<size_t> ends(begins);
  for (const auto& one : walk.references) held[ends[one.from]++] = one.to;
  const auto mark = [&](size_t place) {
    if (!std::exchange(walk.objects[place].leads, true)) pending.push_back(place);
  };
  for (size_t i = 0; i < walk.objects.size(); ++i) {
    if (walk.objects[i].has_others()) mark(i);
  }
  while (!pending.empty()) {
    const size_t place = pending.back();
    pending.pop_back();
    for (size_t i = begins[place]; i < ends[place]; ++i) mark(held[i]);
  }
}

}  // namespace

size_t collect_gradient_cycles() {
  std::vector<TensorImpl*> suspects;
  {
    const ShortLock lock(leaf_mutex());
    suspects = TensorExtra::suspects();
  }
  Walk walk(nullptr);
  std::vector<size_t> places;
  for (const TensorImpl* impl : suspects) places.push_back(walk.look_at(impl));
  walk.run();
  mark_held(walk);
  std::vector<Tensor> dropped;
  dropped.reserve(suspects.size());
  {
    const ShortLock lock(leaf_mutex());
    for (size_t i = 0; i < suspects.size(); ++i) {
      Tensor& gradient = static_cast<TensorExtra&>(*suspects[i]->extra).gradient();
      if (!walk.objects[places[i]].leads && gradient.defined())
        dropped.push_back(std::exchange(gradient, Tensor()));
    }
  }
  const size_t count = dropped.size();
  for (Tensor& gradient : dropped) drop_gradient(std::move(gradient));
  return count;
}

}  // namespace libtensor::autograd
