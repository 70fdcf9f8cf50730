// Plain memory from a source that the program can replace while it runs.
#pragma once

#include <map>
#include <memory>

#include "core/fork.h"
#include "memory/provider.h"
#include "memory/turns.h"

namespace libtensor::memory {

// Where plain memory comes from: the system, or functions of the program. Its destructor runs when
// it has all its memory back and is not the current source.
class Source {
 public:
  virtual ~Source() = default;
  virtual void* allocate(size_t bytes) = 0;
  virtual void free(void* data, size_t bytes) noexcept = 0;
};

// Stands in front of another provider; `source` null means that one.
class ReplaceableProvider final : public MemoryProvider {
 public:
  explicit ReplaceableProvider(std::unique_ptr<MemoryProvider> first) : first_(std::move(first)) {}

  // Memory taken from now on comes from it. Each block goes back where it came from.
  void replace(std::shared_ptr<Source> source);

  ProviderProperties properties() const override { return first_->properties(); }
  Info info() override { return first_->info(); }
  void* allocate(size_t bytes) override { return first_->allocate(bytes); }
  void free(void* data, size_t bytes) noexcept override;
  bool calls_program() const override;
  void* fetch(size_t bytes) override;
  void return_freed() noexcept override;

  void* reserve(size_t) override { return nullptr; }
  void unreserve(void*, size_t) noexcept override {}
  bool create(size_t, Physical*) override { return false; }
  void destroy(Physical, size_t) noexcept override {}
  bool map(void*, size_t, Physical) override { return false; }
  bool open(void*, size_t) override { return false; }
  void unmap(void*, size_t) noexcept override {}
  Event record(Stream stream) noexcept override { return first_->record(stream); }
  bool passed(Event event) noexcept override { return first_->passed(event); }
  bool wait(Event event) noexcept override { return first_->wait(event); }
  void release(Event event) noexcept override { first_->release(event); }
  void watch_allocated(void* data, size_t bytes, Stream stream) noexcept override {
    first_->watch_allocated(data, bytes, stream);
  }
  void watch_freed(void* data, size_t bytes, Stream stream) noexcept override {
    first_->watch_freed(data, bytes, stream);
  }

 private:
  struct Owned {
    std::shared_ptr<Source> source;
    size_t bytes;
  };

  const std::unique_ptr<MemoryProvider> first_;
  mutable ForkSafeMutex mutex_{LockLevel::kSource};
  std::shared_ptr<Source> source_;
  std::map<void*, Owned> owned_;    // what did not come from `first_`
  std::map<void*, Owned> leaving_;  // that part of it that goes back in return_freed()
  Turns turns_;                     // the program's functions are called by one thread at a time
};

}  // namespace libtensor::memory
