// What a call did, against what it may have done.
#include <algorithm>

#include "fuzz/call.h"

namespace test {
namespace {

template <class T>
bool has(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Where a tensor's memory begins; null where it is none.
const char* storage_of(const void* handle) {
  const auto* t = static_cast<const tensor_t*>(handle);
  void* data = nullptr;
  int64_t offset = 0;
  tensor_dtype_t dtype = TENSOR_DTYPE_DEFAULT;
  if (tensor_data(t, &data) != TENSOR_OK || !data) return nullptr;
  tensor_storage_offset(t, &offset);
  tensor_dtype(t, &dtype);
  return storage_begin(data, offset, dtype);
}

}  // namespace

Call::Call(World& world, Choices& choices, const Row& row)
    : world_(world), choices_(choices), row_(row) {}

void Call::mark(const void* handle) {
  if (const char* storage = storage_of(handle)) storages_.push_back(world_.storage(storage));
}

// The memory of gradients, which backward may add to.
std::vector<const char*> Call::gradient_storages() {
  std::vector<const char*> result;
  for (const Slot& slot : world_.tensors) {
    if (!slot.handle) continue;
    if (slot.gradient && slot.seen.storage) result.push_back(slot.seen.storage);
    tensor_t* gradient = nullptr;
    if (tensor_grad(static_cast<const tensor_t*>(slot.handle), &gradient) != TENSOR_OK ||
        !gradient) {
      continue;
    }
    if (const char* storage = storage_of(gradient)) result.push_back(world_.storage(storage));
    tensor_release(gradient);
  }
  return result;
}

// With the other handles of the tensors that change: a callback may release the one that was given.
void Call::add_other_handles() {
  const std::vector<const void*> given = changed_;
  for (const void* handle : given) {
    mark(handle);
    for (const Slot& slot : world_.tensors) {
      if (slot.handle && slot.handle != handle && same_tensor(handle, slot.handle)) {
        changed_.push_back(slot.handle);
      }
    }
  }
}

// An output of a custom function that had a place in a graph before, which something else refers
// to: the function may have been given, or have saved, what was computed from it, and then they
// keep each other, as in PyTorch.
bool Call::may_lead_back() const {
  return row_.sets_history && std::any_of(changed_.begin(), changed_.end(), [](const void* handle) {
           const auto* t = static_cast<const tensor_t*>(handle);
           bool requires_grad = false, shared = false;
           return tensor_requires_grad(t, &requires_grad) == TENSOR_OK && requires_grad &&
                  tensor_is_shared(t, &shared) == TENSOR_OK && shared;
         });
}

void Call::before() {
  if (world_.has_streams) tensor_device_synchronize(world_.settings.device);
  may_lead_back_ = may_lead_back();
  add_other_handles();
  world_.changing.insert(world_.changing.end(), changed_.begin(), changed_.end());
  if (row_.runs_backward && world_.depth == 0) gradients_ = gradient_storages();
  ++world_.depth;
  // Before the call: what it releases may call back.
  Slot* const slot = given_up_ ? world_.find(given_up_kind_, given_up_) : nullptr;
  was_given_up_ = slot != nullptr;
  if (slot) world_.forget(given_up_kind_, *slot);
  if (tracing()) {
    std::string line(static_cast<size_t>(world_.depth) * 2, ' ');
    world_.calls += line + row_.name + "(" + notes_ + ")\n";
    std::fputs((line + row_.name + "(" + notes_ + ")\n").c_str(), stderr);
  }
}

void Call::after(tensor_status_t status) {
  --world_.depth;
  ++world_.called;
  world_.changing.resize(world_.changing.size() - changed_.size());
  // A tensor may be used in another stream than it was made in, which is for the caller to order.
  world_.has_streams |= row_.sets_stream && status == TENSOR_OK;
  if (world_.has_streams) tensor_device_synchronize(world_.settings.device);
  if (tracing()) {
    const std::string line(static_cast<size_t>(world_.depth + 1) * 2, ' ');
    std::fprintf(stderr, "%s= %s%s%s\n", line.c_str(), tensor_status_name(status),
                 status == TENSOR_OK ? "" : ": ", status == TENSOR_OK ? "" : tensor_last_error());
  }
  if (status == TENSOR_OK) {
    ++world_.succeeded;
    if (registration_) registration_->succeeded = true;
  } else if (!row_.sets_error) {
    check_failure(status);
  }
  if (was_given_up_ && status != TENSOR_OK) world_.fail("a live handle is not released");
  check_rooms(status);
  keep_results();
  note_gradients(status);
  if (world_.depth > 0) {
    add_other_handles();  // of the tensors as they are now
    world_.changed.insert(world_.changed.end(), changed_.begin(), changed_.end());
    world_.changed_storages.insert(world_.changed_storages.end(), storages_.begin(),
                                   storages_.end());
    world_.ran_backward |= row_.runs_backward;
    return;
  }
  compare(status);
  if (world_.settings.thorough) world_.check_device();
  if (world_.settings.alone && !world_.counts_agree()) {
    world_.fail(
        "the number of live handles is wrong",
        std::to_string(tensor_live_handles()) + ", not " + std::to_string(world_.live_expected()));
  }
  if (world_.failed()) world_.failure = std::string(row_.name) + ": " + world_.failure;
}

void Call::check_failure(tensor_status_t status) {
  if (status == TENSOR_ERROR_INTERNAL) world_.fail("an internal error", tensor_last_error());
  if (tensor_last_error()[0] == 0) world_.fail("a failure without a message");
  for (size_t i = 0; i < drawn_results_; ++i) {
    for (void*& handle : results_[i].handles) {
      if (handle) world_.fail("a failing call wrote a result");
      handle = nullptr;
    }
  }
}

// What backward may add to from here on; and whether a gradient may have got a history, which may
// lead back to its tensor: these two then keep each other, as in PyTorch.
void Call::note_gradients(tensor_status_t status) {
  world_.data_was_set |= row_.sets_data && status == TENSOR_OK;
  world_.may_have_cycles |= may_lead_back_ && status == TENSOR_OK;
  for (const void* handle : changed_) mark(handle);
  for (const Slot& slot : world_.tensors) {
    world_.may_have_cycles |= slot.gradient && slot.seen.storage && !changed_.empty() &&
                              has(storages_, slot.seen.storage);
  }
  world_.may_have_cycles |= world_.depth > 0 && !changed_.empty();
  if (!row_.gives_gradient || status != TENSOR_OK || drawn_results_ > 0 || given_.empty()) return;
  world_.may_have_cycles = true;
  if (Slot* const slot = world_.find(given_.back())) slot->gradient = true;
}

// What is no handle: nothing where the call fails, no more than fits where not.
void Call::check_rooms(tensor_status_t status) {
  for (size_t i = 0; i < drawn_rooms_; ++i) {
    const Room& room = rooms_[i];
    const size_t given = room.is_struct ? sizeof(size_t) : 0;  // its struct_size
    const size_t written = status == TENSOR_OK ? std::max(given, room.element * room.count) : given;
    if (!std::all_of(room.bytes + std::min(written, kRoom), room.bytes + kRoom,
                     [](unsigned char byte) { return byte == kUntouched; })) {
      world_.fail(status == TENSOR_OK ? "a result is larger than its room"
                                      : "a failing call wrote into a result");
    }
  }
}

void Call::keep_results() {
  const size_t level = world_.scopes;
  for (size_t i = 0; i < drawn_results_; ++i) {
    Results& results = results_[i];
    if (!results.drawn) continue;
    for (size_t j = 0; j < kPlaces; ++j) {
      void* const handle = results.handles[j];
      if (!handle) continue;
      if (std::count(results.handles.begin(), results.handles.end(), handle) > 1 ||
          world_.find(handle)) {
        return world_.fail("a handle was given twice");
      }
      // Nobody writes what is shared with other threads, not by a view either.
      if (!world_.shared.empty() && results.kind == kTensor) {
        const char* const storage = storage_of(handle);  // unknown where it has no elements
        if (!storage || std::any_of(world_.shared.begin(), world_.shared.end(),
                                    [&](const tensor_t* t) { return storage_of(t) == storage; })) {
          tensor_release(static_cast<tensor_t*>(handle));
          continue;
        }
      }
      const size_t number = choices_.below(World::kTensors);
      world_.keep(results.kind, handle, number, level);
      if (row_.gives_gradient) world_.slot(results.kind, number).gradient = true;
    }
  }
}

void Call::compare_one(Slot& slot, bool own, bool shares) {
  std::string wrong;
  const Snapshot now = world_.look_at(slot.handle, wrong);
  if (wrong == kIntegersRequireGrad && world_.data_was_set) wrong.clear();
  if (!wrong.empty()) return world_.fail("a tensor is broken", wrong);
  const std::string other = difference(slot.seen, now);
  if (other.empty()) return;
  const std::string detail = other + " of t" + std::to_string(&slot - world_.tensors) + ", " +
                             test::text(slot.seen) + ", is now " + test::text(now);
  // Views that were made before set_data gave their base other memory share its history still.
  const bool history =
      other == "version" || other == "requires_grad" || other == "is_leaf" || other == "grad_fn";
  // Where there are no elements, there is no memory to tell them by.
  // A pack hook of an operation in place is given a tensor of what that is about to write, whose
  // views have another history later.
  const bool may_share = world_.data_was_set || !slot.seen.storage || slot.gradient;
  const bool got_memory = other == "storage" && !slot.seen.storage;
  // All that share a storage see it grow, and move, where one of them is resized.
  const bool moved =
      other == "dtype" || other == "shape" || other == "strides" || other == "storage offset";
  if (moved && !own) return world_.fail("changed the shape of another tensor", detail);
  if (!own && !shares && !got_memory && !(history && may_share)) {
    return world_.fail("changed what it may not", detail);
  }
  if (now.version < slot.seen.version && !now.is_inference) {
    world_.fail("a version went back", detail);
  }
  slot.seen = now;
  world_.has_overlaps |= now.may_overlap();
}

void Call::compare(tensor_status_t status) {
  const bool called_back = !world_.changed.empty() || world_.ran_backward;
  const bool backward = row_.runs_backward || world_.ran_backward;
  std::vector<const char*> storages = std::move(world_.changed_storages);
  std::vector<const void*> changed = std::move(world_.changed);
  world_.changed_storages.clear();
  world_.changed.clear();
  world_.ran_backward = false;
  if (status == TENSOR_OK) {
    storages.insert(storages.end(), storages_.begin(), storages_.end());
    changed.insert(changed.end(), changed_.begin(), changed_.end());
  }
  if (backward) {
    const std::vector<const char*> now = gradient_storages();
    storages.insert(storages.end(), gradients_.begin(), gradients_.end());
    storages.insert(storages.end(), now.begin(), now.end());
  }
  const bool all = world_.settings.thorough || called_back || world_.called % 16 == 0;
  for (Slot& slot : world_.tensors) {
    if (!slot.handle || world_.failed()) continue;
    const bool shares = slot.seen.storage && has(storages, slot.seen.storage);
    const bool own = std::any_of(changed.begin(), changed.end(), [&](const void* handle) {
      return handle == slot.handle || same_tensor(handle, slot.handle);
    });
    if (all || own || shares || has<const void*>(given_, slot.handle)) {
      compare_one(slot, own, shares);
    }
  }
}

}  // namespace test
