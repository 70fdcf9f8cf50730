#include "core/storage.h"

#include <algorithm>
#include <cstring>

#include "core/backend.h"

namespace libtensor {

Ref<Storage> Storage::allocate(size_t bytes, Device device) {
  Ref<Storage> storage = Ref<Storage>::adopt(new Storage);
  storage->device_ = device;
  storage->acquire(bytes);
  return storage;
}

Ref<Storage> Storage::share(void* data, size_t bytes, Device device) {
  Ref<Storage> storage = Ref<Storage>::adopt(new Storage);
  storage->owned_ = false;
  storage->device_ = device;
  storage->data_ = data;
  storage->bytes_ = bytes;
  return storage;
}

void Storage::destroy(Storage* storage) {
  storage->give_back();
  delete storage;
}

void Storage::acquire(size_t bytes) {
  const bool fits_inline = bytes <= kInlineBytes && device_.is_cpu();
  data_ = fits_inline ? inline_ : backend_for(device_).allocate(device_, bytes);
  bytes_ = bytes;
}

void Storage::give_back() {
  if (!owned_) {
    if (deleter_) deleter_(context_);
  } else if (data_ && data_ != inline_) {
    backend_for(device_).free(device_, data_, bytes_);
  }
}

void Storage::resize(size_t bytes) {
  check(owned_, "Trying to resize storage that is not resizable");
  Ref<Storage> fresh = allocate(bytes, device_);
  backend_for(device_).copy_bytes(fresh->data_, device_, data_, device_, std::min(bytes, bytes_));
  give_back();
  if (fresh->data_ == fresh->inline_) {
    std::memcpy(inline_, fresh->inline_, kInlineBytes);
    data_ = inline_;
  } else {
    data_ = fresh->data_;
    fresh->data_ = fresh->inline_;  // its memory is ours now
  }
  bytes_ = bytes;
}

}  // namespace libtensor
