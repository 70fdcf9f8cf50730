#include "memory/replaceable_provider.h"

#include <mutex>
#include <utility>

#include "memory/poison.h"

namespace libtensor::memory {

void ReplaceableProvider::replace(std::shared_ptr<Source> source) {
  std::lock_guard lock(mutex_);
  source_.swap(source);
}

void* ReplaceableProvider::allocate(size_t bytes) {
  std::shared_ptr<Source> source;
  {
    std::lock_guard lock(mutex_);
    source = source_;
  }
  if (!source) return first_->allocate(bytes);
  void* const data = source->allocate(bytes);
  const ProviderProperties wanted = properties();
  if (!data) return nullptr;
  if (reinterpret_cast<uintptr_t>(data) % wanted.alignment != 0) {  // no use: as if there were none
    source->free(data, bytes);
    return nullptr;
  }
  try {
    std::lock_guard lock(mutex_);
    owners_[data] = source;
  } catch (...) {
    source->free(data, bytes);
    throw;
  }
  if (!wanted.streams) poison(data, bytes);  // the host's
  return data;
}

void ReplaceableProvider::free(void* data, size_t bytes) noexcept {
  std::shared_ptr<Source> owner;
  {
    std::lock_guard lock(mutex_);
    const auto found = owners_.find(data);
    if (found != owners_.end()) {
      owner = std::move(found->second);
      owners_.erase(found);
    }
  }
  if (!owner) return first_->free(data, bytes);
  if (!properties().streams) unpoison(data, bytes);
  owner->free(data, bytes);
}

}  // namespace libtensor::memory
