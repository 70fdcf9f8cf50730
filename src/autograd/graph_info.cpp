#include "autograd/graph_info.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "autograd/saved_tensor.h"
#include "core/in_use.h"

namespace libtensor::autograd {
namespace {

// How many edges lead to each node below the roots.
std::unordered_map<Node*, size_t> count_edges(std::span<const Ref<Node>> roots) {
  std::unordered_map<Node*, size_t> incoming;
  std::vector<Node*> pending;
  const auto meet = [&](Node* node) {
    if (node && incoming.try_emplace(node, 0).second) pending.push_back(node);
  };
  for (const Ref<Node>& root : roots) meet(root.get());
  while (!pending.empty()) {
    Node* node = pending.back();
    pending.pop_back();
    for (const Edge& edge : node->edges()) {
      meet(edge.node.get());
      if (edge.node) ++incoming[edge.node.get()];
    }
  }
  return incoming;
}

}  // namespace

std::vector<Ref<Node>> nodes_below(std::span<const Ref<Node>> roots) {
  std::unordered_map<Node*, size_t> incoming = count_edges(roots);
  const auto older = [](const Node* a, const Node* b) { return a->sequence() < b->sequence(); };
  std::vector<Node*> ready;  // a heap, newest first
  const auto push = [&](Node* node) {
    ready.push_back(node);
    std::push_heap(ready.begin(), ready.end(), older);
  };
  std::unordered_set<Node*> started;
  for (const Ref<Node>& root : roots) {
    if (root && incoming[root.get()] == 0 && started.insert(root.get()).second) push(root.get());
  }
  std::vector<Ref<Node>> order;
  order.reserve(incoming.size());
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), older);
    Node* node = ready.back();
    ready.pop_back();
    order.push_back(Ref<Node>::share(node));
    for (const Edge& edge : node->edges()) {
      if (edge.node && --incoming[edge.node.get()] == 0) push(edge.node.get());
    }
  }
  return order;
}

GraphMemory memory_of(std::span<const Ref<Node>> nodes) {
  GraphMemory total;
  std::unordered_set<const Storage*> storages;
  for (const Ref<Node>& node : nodes) {
    ++total.nodes;
    total.node_bytes += node->bytes();
    node->visit_saved([&](const char*, const SavedTensor& saved) {
      const UseScope scope;
      const SavedRef held = saved.held();
      if (!held) return;
      ++total.saved_tensors;
      const Storage* storage = held->storage->lender();
      if (storages.insert(storage).second) total.saved_bytes += storage->bytes();
    });
  }
  total.saved_storages = storages.size();
  return total;
}

}  // namespace libtensor::autograd
