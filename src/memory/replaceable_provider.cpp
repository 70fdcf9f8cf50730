#include "memory/replaceable_provider.h"

#include <mutex>
#include <utility>

#include "memory/poison.h"

namespace libtensor::memory {

void ReplaceableProvider::replace(std::shared_ptr<Source> source) {
  std::lock_guard lock(mutex_);
  source_.swap(source);
}

bool ReplaceableProvider::calls_program() const {
  std::lock_guard lock(mutex_);
  return source_ != nullptr;
}

void* ReplaceableProvider::fetch(size_t bytes) {
  std::shared_ptr<Source> source;
  {
    std::lock_guard lock(mutex_);
    source = source_;
  }
  // What the program's functions allocate themselves does not come from them.
  const Turns::Turn turn(turns_);
  if (!source || turn.is_nested()) return first_->allocate(bytes);
  void* const data = source->allocate(bytes);
  const ProviderProperties wanted = properties();
  if (!data) return nullptr;
  if (reinterpret_cast<uintptr_t>(data) % wanted.alignment != 0) {  // no use: as if there were none
    source->free(data, bytes);
    return nullptr;
  }
  try {
    std::lock_guard lock(mutex_);
    owned_[data] = {source, bytes};
  } catch (...) {
    source->free(data, bytes);
    throw;
  }
  if (!wanted.streams) poison(data, bytes);  // the host's
  return data;
}

void ReplaceableProvider::free(void* data, size_t bytes) noexcept {
  {
    std::lock_guard lock(mutex_);
    if (auto node = owned_.extract(data)) {
      leaving_.insert(std::move(node));
      return;
    }
  }
  first_->free(data, bytes);
}

void ReplaceableProvider::return_freed() noexcept {
  const bool poisoned = !properties().streams;
  for (;;) {
    std::map<void*, Owned>::node_type node;  // its source may end with it, after lock and turn
    {
      std::lock_guard lock(mutex_);
      if (leaving_.empty()) return;
      node = leaving_.extract(leaving_.begin());
    }
    if (poisoned) unpoison(node.key(), node.mapped().bytes);
    const Turns::Turn turn(turns_);
    node.mapped().source->free(node.key(), node.mapped().bytes);
  }
}

}  // namespace libtensor::memory
