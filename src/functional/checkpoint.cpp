#include "functional/checkpoint.h"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "autograd/engine.h"
#include "autograd/graph_task.h"
#include "autograd/hooks.h"
#include "autograd/mode.h"
#include "autograd/node.h"
#include "autograd/ownership.h"
#include "autograd/saved_hooks.h"
#include "autograd/saved_tensor.h"
#include "core/device_runtime.h"
#include "core/error.h"

namespace libtensor::functional {
namespace {

using autograd::GradMode;

// The state of the generator of every device that is in use.
class RandomState {
 public:
  RandomState() {
    for (DeviceType type : {DeviceType::kCpu, DeviceType::kCuda}) {
      for (int index = 0; index < device_count(type); ++index) {
        const Device device{type, static_cast<int16_t>(index)};
        DeviceRuntime* const runtime = opened_runtime(device);
        if (runtime) states_.push_back({device, runtime->generator().state()});
      }
    }
  }
  void set() const {
    for (const auto& [device, state] : states_) runtime_for(device).generator().set_state(state);
  }

 private:
  std::vector<std::pair<Device, std::vector<unsigned char>>> states_;
};

// Lets the function draw the numbers of its first run, and puts the generator back.
class RandomScope {
 public:
  explicit RandomScope(const std::optional<RandomState>& first) {
    if (!first) return;
    before_.emplace();
    first->set();
  }
  ~RandomScope() {
    if (before_) before_->set();
  }
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

 private:
  std::optional<RandomState> before_;
};

class HooksScope {
 public:
  explicit HooksScope(Ref<autograd::SavedHooks> hooks) {
    autograd::push_saved_hooks(std::move(hooks));
  }
  ~HooksScope() { autograd::pop_saved_hooks(); }
  HooksScope(const HooksScope&) = delete;
  HooksScope& operator=(const HooksScope&) = delete;
};

// A saved tensor is known by its number, from 1, in the order in which they are saved.
void* to_packed(size_t number) { return reinterpret_cast<void*>(number); }
size_t to_number(const void* packed) { return reinterpret_cast<size_t>(packed); }

// The message by which bindings know the error that ends the second run.
constexpr const char* kStopped = "the checkpoint has what it needs of this run";

// How often something is saved in a run, and what is done where it goes beyond the first run's.
struct Expectation {
  size_t count;        // in the first run, as far as it has come
  bool stops = false;  // then
  bool is_final = false;
};

// The second run: keeps what nodes save, for the nodes of the first one.
class Collector final : public autograd::SavedHooks {
 public:
  explicit Collector(Expectation expected) : expected_(expected) {}

  void* pack(const Tensor& tensor) override {
    check(tensors.size() < expected_.count || expected_.stops || !expected_.is_final,
          "torch.utils.checkpoint: trying to save more tensors during recomputation than during "
          "the original forward pass.");
    tensors.push_back(tensor.alias());
    versions_.push_back(tensor.version());
    check_as(Status::kCancelled, !stopped(), kStopped);
    return to_packed(tensors.size());
  }
  // Has it all, and made the function fail?
  bool stopped() const { return expected_.stops && tensors.size() >= expected_.count; }
  Tensor unpack(void* packed) override { return tensors[to_number(packed) - 1]; }
  void discard(void*) override {}

  // The function itself may have changed in place what it had saved before.
  void check_versions() const {
    for (size_t i = 0; i < tensors.size(); ++i) {
      check(tensors[i].version() == versions_[i],
            "one of the variables needed for gradient computation has been modified by an inplace "
            "operation: [torch.",
            tensors[i].device().is_cpu() ? "" : "cuda.", scalar_name_of(tensors[i].dtype()),
            "Tensor ", tensors[i].shape(), "] is at version ", tensors[i].version(),
            "; expected version ", versions_[i],
            " instead. It was changed inside a checkpointed function, after a node had saved it.");
    }
  }

  Tensors tensors;

 private:
  Expectation expected_;
  std::vector<uint32_t> versions_;
};

// Stands for what the function needs to run again; never a part of a graph. The inputs are saved as
// a node saves its own: a change in place is noticed, and an enclosing checkpoint takes them over.
class Rerun final : public autograd::ListNode<Rerun>, public autograd::Holder {
 public:
  Rerun(Function function, std::span<const Tensor> inputs, autograd::UserData held)
      : function_(std::move(function)), held_(held), inputs_(inputs.size()) {
    set_edge_count(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      connect(i, inputs[i]);
      inputs_[i].save(inputs[i], static_cast<uint32_t>(i));
    }
  }
  const char* name() const override { return "CheckpointBackward"; }
  void visit_held(autograd::HeldVisitor& visit) const override {
    visit.user(held_);
    for (const autograd::SavedTensor& saved : inputs_) saved.visit_held(visit);
  }
  void apply(std::span<const Tensor>, std::span<Tensor>) override {}

  Tensors operator()() {
    Tensors inputs;
    for (const autograd::SavedTensor& saved : inputs_) inputs.push_back(saved.unpack(*this));
    return function_(inputs);
  }

 private:
  Function function_;
  autograd::UserData held_;
  std::vector<autograd::SavedTensor> inputs_;
};

// The first run: its nodes keep numbers only.
class Checkpoint final : public autograd::SavedHooks, public autograd::Holder {
 public:
  Checkpoint(Ref<Rerun> rerun, std::optional<RandomState> random, bool early_stop)
      : rerun_(std::move(rerun)), random_(std::move(random)), early_stop_(early_stop) {}
  // The first run is over: no more is saved.
  void complete() { complete_ = true; }
  // The first run has failed: what it left of a graph does not keep the function.
  void abandon() {
    Ref<Rerun> dropped;
    std::lock_guard lock(autograd::hook_mutex());
    std::swap(rerun_, dropped);
  }

  void* pack(const Tensor& tensor) override {
    saved_.push_back({tensor.shape(), tensor.dtype(), tensor.device()});
    return to_packed(saved_.size());
  }
  void visit_held(autograd::HeldVisitor& visit) const override {
    std::lock_guard lock(autograd::hook_mutex());
    if (rerun_) visit.node(rerun_.get());
    for (const auto& [pass, tensors] : recomputed_) visit.tensors(tensors);
  }
  // Once for each number in a pass, as in PyTorch: what is computed again goes with its use.
  Tensor unpack(void* packed) override {
    const size_t number = to_number(packed);
    const autograd::GraphTask* const pass = autograd::GraphTask::current();
    if (!pass) return run_again()[number - 1];
    if (!knows(pass->id())) keep(pass->id(), run_again());
    return take(pass->id(), number);
  }
  void discard(void* packed) override {
    while (take_from_any_pass(to_number(packed)).defined()) {
    }
  }

 private:
  struct Saved {
    Dims shape;
    DType dtype;
    Device device;
    bool operator==(const Saved& other) const {
      return shape == other.shape && dtype == other.dtype && device == other.device;
    }
    // As Python prints PyTorch's.
    std::string text() const {
      const std::string index =
          device.is_cpu() ? std::string() : str(", index=", static_cast<int>(device.index));
      return str("{'shape': torch.Size(", shape, "), 'dtype': torch.", name_of(dtype),
                 ", 'device': device(type='", device.is_cpu() ? "cpu" : "cuda", "'", index, ")}");
    }
  };

  bool knows(uint64_t pass) const {
    std::lock_guard lock(autograd::hook_mutex());
    return recomputed_.contains(pass);
  }

  Tensor take_from_any_pass(size_t number) {
    std::lock_guard lock(autograd::hook_mutex());
    for (auto& [pass, tensors] : recomputed_) {
      if (Tensor& one = tensors[number - 1]; one.defined()) return std::exchange(one, Tensor());
    }
    return Tensor();
  }

  Tensor take(uint64_t pass, size_t number) {
    Tensor found;
    {
      std::lock_guard lock(autograd::hook_mutex());
      found = std::exchange(recomputed_.at(pass)[number - 1], Tensor());
    }
    check(found.defined(),
          "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already "
          "unpacked once. If you are calling ctx.saved_tensors in backward, make sure to do so "
          "only once. Otherwise please open an issue with details on your use case.");
    return found;
  }

  Ref<Rerun> rerun() const {
    std::lock_guard lock(autograd::hook_mutex());
    check(static_cast<bool>(rerun_),
          "torch.utils.checkpoint: the function failed in its first run");
    return rerun_;
  }

  Tensors run_again() const {
    const GradMode mode(true);
    const RandomScope random(random_);
    auto collector = Ref<Collector>::adopt(new Collector({saved_.size(), early_stop_, complete_}));
    const Ref<Rerun> rerun = this->rerun();
    try {
      const HooksScope hooks(collector);
      (*rerun)();
    } catch (...) {
      if (!collector->stopped()) throw;
    }
    collector->check_versions();
    check_recomputed(collector->tensors);
    return std::move(collector->tensors);
  }

  void check_recomputed(const Tensors& tensors) const {
    check(tensors.size() >= saved_.size(),
          "torch.utils.checkpoint: A different number of tensors was saved during the original "
          "forward and recomputation.\nNumber of tensors saved during forward: ",
          saved_.size(), "\nNumber of tensors saved during recomputation: ", tensors.size(), ".");
    std::string different;
    for (size_t i = 0; i < saved_.size(); ++i) {
      const Saved found{tensors[i].shape(), tensors[i].dtype(), tensors[i].device()};
      if (found == saved_[i]) continue;
      different += str("tensor at position ", i, ":\nsaved metadata: ", saved_[i].text(),
                       "\nrecomputed metadata: ", found.text(), "\n");
    }
    check(different.empty(),
          "torch.utils.checkpoint: Recomputed values for the following tensors have different "
          "metadata than during the forward pass.\n",
          different, ".");
  }

  // Until the nodes have freed them, and at most until this backward pass ends, whether it succeeds
  // or not: a later one over a retained graph computes them again.
  void keep(uint64_t pass, Tensors tensors) {
    auto end = std::make_shared<EndOfPass>(Ref<Checkpoint>::share(this), pass);
    autograd::queue_callback([end = std::move(end)] {});
    std::lock_guard lock(autograd::hook_mutex());
    recomputed_[pass].swap(tensors);
  }
  void forget(uint64_t pass) {
    Tensors dropped;
    std::lock_guard lock(autograd::hook_mutex());
    const auto found = recomputed_.find(pass);
    if (found == recomputed_.end()) return;
    dropped.swap(found->second);
    recomputed_.erase(found);
  }
  struct EndOfPass {
    Ref<Checkpoint> checkpoint;
    uint64_t pass;
    EndOfPass(Ref<Checkpoint> ending, uint64_t number)
        : checkpoint(std::move(ending)), pass(number) {}
    ~EndOfPass() { checkpoint->forget(pass); }
    EndOfPass(const EndOfPass&) = delete;
    EndOfPass& operator=(const EndOfPass&) = delete;
  };

  Ref<Rerun> rerun_;
  std::optional<RandomState> random_;
  const bool early_stop_;
  std::atomic<bool> complete_{false};
  std::vector<Saved> saved_;  // by number, as it was in the first run
  // Of each pass, by number from 0; undefined once taken. Guarded by hook_mutex, as is rerun_.
  std::map<uint64_t, Tensors> recomputed_;
};

}  // namespace

Tensors checkpoint(Function function, std::span<const Tensor> inputs,
                   const CheckpointOptions& options) {
  if (!autograd::grad_enabled()) return function(inputs);
  auto rerun = Ref<Rerun>::adopt(new Rerun(function, inputs, options.held));
  std::optional<RandomState> random;
  if (options.preserve_rng_state) random.emplace();
  auto hooks = Ref<Checkpoint>::adopt(
      new Checkpoint(std::move(rerun), std::move(random), options.early_stop));
  const HooksScope scope(hooks);
  try {
    Tensors outputs = function(inputs);
    hooks->complete();
    return outputs;
  } catch (...) {
    hooks->abandon();
    throw;
  }
}

}  // namespace libtensor::functional
