#include "autograd/anomaly.h"

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "autograd/tensor_ops.h"
#include "core/error.h"
#include "core/fork.h"
#include "core/thread_local.h"

namespace libtensor::autograd {

std::atomic<bool> anomaly_enabled_flag{false};

namespace {

std::atomic<bool> check_nan_flag{true};

// What a thread has said and does.
struct ThreadState {
  std::string location;
  const Node* running = nullptr;       // the node whose derivative it computes
  const std::string* known = nullptr;  // where it records nodes while a KnownLocation lives

  ~ThreadState();
};
constexpr ThreadPointer<ThreadState, ThreadWord::kAnomaly> state;
ThreadState::~ThreadState() { state = nullptr; }

ThreadState& own() {
  if (!state) state = make_for_thread<ThreadState>();
  return *state;
}

// Where a node was recorded. One that was recorded by backward itself also has the node whose
// derivative it is a part of.
struct Origin {
  std::string location;
  std::string parent_name;
  std::shared_ptr<const Origin> parent;
};

// Beside the nodes, so that they are no larger when nobody looks for anomalies.
struct Origins {
  ForkSafeMutex mutex{LockLevel::kAnomaly};
  std::unordered_map<const Node*, std::shared_ptr<const Origin>> of;
  std::shared_ptr<const LocationProvider> provider;
};
Origins& origins() { return Eternal<Origins>::get(); }

std::shared_ptr<const Origin> origin_of(const Node& node) {
  std::lock_guard lock(origins().mutex);
  const auto found = origins().of.find(&node);
  return found == origins().of.end() ? nullptr : found->second;
}

std::string here() {
  if (const std::string* const known = own().known) return *known;
  std::shared_ptr<const LocationProvider> provider;
  {
    std::lock_guard lock(origins().mutex);
    provider = origins().provider;
  }
  return provider ? (*provider)() : own().location;
}

class RunningScope {
 public:
  explicit RunningScope(const Node* node) : previous_(std::exchange(own().running, node)) {}
  ~RunningScope() { own().running = previous_; }
  RunningScope(const RunningScope&) = delete;
  RunningScope& operator=(const RunningScope&) = delete;

 private:
  const Node* previous_;
};

std::string recorded_at(const Origin* origin) {
  if (!origin) return "was recorded before anomaly detection was on.";
  if (origin->location.empty()) return "was recorded at a place that nobody named.";
  return str("was recorded at ", origin->location);
}

// "\nLogBackward0 was recorded at train.c:12", and where that was in a backward pass, that's node.
std::string story(const Node& node) {
  std::shared_ptr<const Origin> origin = origin_of(node);
  std::string text = str("\n", node.name(), " ", recorded_at(origin.get()));
  for (; origin && !origin->parent_name.empty(); origin = origin->parent) {
    text += str("\nThat was during the backward of ", origin->parent_name, ", which ",
                recorded_at(origin->parent.get()));
  }
  return text;
}

void check_nan(const Node& node, std::span<const Tensor> results) {
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].defined()) continue;
    check(!tensor_ops.has_nan(results[i]), "Function '", node.name(),
          "' returned nan values in its ", i, "th output.");
  }
}

}  // namespace

AnomalyMode anomaly_mode() {
  return {anomaly_enabled(), check_nan_flag.load(std::memory_order_relaxed)};
}

void set_anomaly_mode(AnomalyMode mode) {
  anomaly_enabled_flag.store(mode.enabled, std::memory_order_relaxed);
  check_nan_flag.store(mode.check_nan, std::memory_order_relaxed);
}

void set_location(std::string location) { own().location = std::move(location); }

void set_location_provider(LocationProvider provider) {
  auto shared = provider ? std::make_shared<const LocationProvider>(std::move(provider)) : nullptr;
  std::lock_guard lock(origins().mutex);
  std::swap(origins().provider, shared);
}  // the previous one goes after the lock

void apply_watched(Node& node, std::span<const Tensor> gradients, std::span<Tensor> results) {
  const RunningScope scope(&node);
  try {
    node.apply(gradients, results);
    if (check_nan_flag.load(std::memory_order_relaxed)) check_nan(node, results);
  } catch (const Error& error) {
    throw Error(error.status(), error.message() + story(node));
  }
}

std::string location_of(const Node& node) {
  const auto origin = origin_of(node);
  return origin ? origin->location : "";
}

KnownLocation::KnownLocation(bool records) : watches_(records && anomaly_enabled()) {
  if (!watches_) [[likely]]
    return;
  place_ = here();
  before_ = std::exchange(own().known, &place_);
}

KnownLocation::~KnownLocation() {
  if (watches_) own().known = before_;
}

void remember_origin(const Node& node) {
  const Node* const running = own().running;
  Origin origin{here(), running ? running->name() : "", running ? origin_of(*running) : nullptr};
  auto shared = std::make_shared<const Origin>(std::move(origin));
  std::lock_guard lock(origins().mutex);
  origins().of[&node] = std::move(shared);
}

void forget_origin(const Node& node) {
  std::shared_ptr<const Origin> dropped;
  std::lock_guard lock(origins().mutex);
  const auto found = origins().of.find(&node);
  if (found == origins().of.end()) return;
  dropped = std::move(found->second);
  origins().of.erase(found);
}

}  // namespace libtensor::autograd
