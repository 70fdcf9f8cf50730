// Lets a program keep what nodes save in a form of its own: on disk, in half precision, elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/user_data.h"
#include "core/ref.h"
#include "core/tensor.h"
#include "core/thread_local.h"

namespace libtensor::autograd {

class SavedHooks : public RefCounted<SavedHooks> {
 public:
  static void destroy(SavedHooks* hooks) { delete hooks; }
  // What stands for `tensor` until unpack; discard is called for it once.
  virtual void* pack(const Tensor& tensor) = 0;
  virtual Tensor unpack(void* packed) = 0;
  virtual void discard(void* packed) = 0;
  // What is packed as data of the program's, where it is that.
  virtual UserData packed_data(void*) const { return {}; }

 protected:
  virtual ~SavedHooks() = default;
};

// What this thread has set.
struct SavedHooksState {
  std::vector<Ref<SavedHooks>> stack;
  std::shared_ptr<const std::string> disabled;  // why hooks may not be set; null: they may
};
const SavedHooksState& saved_hooks_state();
void set_saved_hooks_state(const SavedHooksState& state);

// Throws the message given to disable_saved_hooks where they are disabled.
void push_saved_hooks(Ref<SavedHooks> hooks);
// Throws where none are set, or none since the innermost fence.
void pop_saved_hooks();
// No message: enables them again. Throws where some are set.
void disable_saved_hooks(std::optional<std::string> message);

// While it lives, hooks set before stay; those set since go with it.
class SavedHooksFence {
 public:
  SavedHooksFence() noexcept;
  ~SavedHooksFence();
  SavedHooksFence(const SavedHooksFence&) = delete;
  SavedHooksFence& operator=(const SavedHooksFence&) = delete;

 private:
  size_t floor_before_ = 0;
  std::shared_ptr<const std::string> disabled_before_;
};

// Are there any? Nearly never.
extern LIBTENSOR_FAST_THREAD_LOCAL bool saved_hooks_set;
inline bool saved_hooks_active() { return saved_hooks_set; }
// Those that were set last.
SavedHooks* active_saved_hooks();

}  // namespace libtensor::autograd
