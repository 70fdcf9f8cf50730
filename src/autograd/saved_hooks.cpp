#include "autograd/saved_hooks.h"

#include "core/error.h"

namespace libtensor::autograd {

LIBTENSOR_FAST_THREAD_LOCAL bool saved_hooks_set = false;

namespace {

struct OwnState : SavedHooksState {
  size_t floor = 0;  // so many of the stack may not be taken off: SavedHooksFence
  ~OwnState();
};

constexpr ThreadPointer<OwnState, ThreadWord::kSavedHooks> state;

OwnState::~OwnState() {
  state = nullptr;
  saved_hooks_set = false;
}

OwnState& own() {
  if (!state) state = make_for_thread<OwnState>();
  return *state;
}

void update() { saved_hooks_set = !own().stack.empty(); }

}  // namespace

const SavedHooksState& saved_hooks_state() { return own(); }
SavedHooks* active_saved_hooks() { return own().stack.back().get(); }

void set_saved_hooks_state(const SavedHooksState& other) {
  static_cast<SavedHooksState&>(own()) = other;
  update();
}

void push_saved_hooks(Ref<SavedHooks> hooks) {
  if (own().disabled) fail(Status::kInvalidArgument, *own().disabled);
  own().stack.push_back(std::move(hooks));
  update();
}

void pop_saved_hooks() {
  check(own().stack.size() > own().floor, "no saved tensors hooks are set on this thread");
  const Ref<SavedHooks> last = std::move(own().stack.back());
  own().stack.pop_back();
  update();
}

void disable_saved_hooks(std::optional<std::string> message) {
  check(!message || own().stack.empty(), message.value_or(""));
  own().disabled = message ? std::make_shared<const std::string>(std::move(*message)) : nullptr;
}

SavedHooksFence::SavedHooksFence() noexcept {
  if (!state) return;  // nothing was ever set on this thread
  floor_before_ = std::exchange(state->floor, state->stack.size());
  disabled_before_ = state->disabled;
}

SavedHooksFence::~SavedHooksFence() {
  if (!state) return;
  while (state->stack.size() > state->floor) pop_saved_hooks();
  state->floor = floor_before_;
  state->disabled = std::move(disabled_before_);
}

}  // namespace libtensor::autograd
