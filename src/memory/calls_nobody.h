// Memory for those who hold a lock: a provider's functions and the pressure callback are the
// program's, which may call the library, or fork, and would wait for that lock for ever.
#pragma once

#include "core/thread_local.h"
#include "memory/caching_allocator.h"

namespace libtensor::memory {

// Set: what this thread allocates comes from the cache, or from the system, or WouldCall is thrown.
extern LIBTENSOR_FAST_THREAD_LOCAL bool calls_nobody;

struct WouldCall {
  CachingAllocator& allocator;
  size_t bytes;
  Stream stream;
};

// Runs `body`, which takes its lock itself, until it has the memory that it needs: what is missing
// is allocated in between, without the lock. `body` is run from its beginning, so it must change
// nothing before it has allocated all.
template <class Body>
void call_nobody(Body body) {
  struct Scope {
    bool before = calls_nobody;
    Scope() { calls_nobody = true; }
    ~Scope() { calls_nobody = before; }
  };
  for (;;) {
    try {
      const Scope scope;
      return body();
    } catch (const WouldCall& missing) {
      if (calls_nobody) throw;
      missing.allocator.provide(missing.bytes, missing.stream);
    }
  }
}

}  // namespace libtensor::memory
