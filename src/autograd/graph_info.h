// Looking at a graph without running it: its nodes, and the memory that it holds.
#pragma once

#include <span>
#include <vector>

#include "autograd/node.h"

namespace libtensor::autograd {

// Every node that the roots lead to, once, in the order in which backward would run them.
std::vector<Ref<Node>> nodes_below(std::span<const Ref<Node>> roots);

struct GraphMemory {
  size_t nodes = 0;
  size_t node_bytes = 0;      // the nodes themselves
  size_t saved_tensors = 0;   // how many tensors are kept for backward
  size_t saved_storages = 0;  // the different storages behind these
  size_t saved_bytes = 0;     // of these storages, each counted once
};

// What `nodes` hold together. A storage that is a part of several saved tensors counts once.
GraphMemory memory_of(std::span<const Ref<Node>> nodes);

}  // namespace libtensor::autograd
