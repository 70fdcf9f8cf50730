// Indices that a kernel reads from a tensor's memory after they were checked.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace libtensor {

LIBTENSOR_INLINE bool is_within(int64_t index, int64_t size) {
  return static_cast<uint64_t>(index) < static_cast<uint64_t>(size);
}

// Another thread may have written the index since it was checked. It is read once, so that what is
// compared is what is used (volatile: the compiler must not read it again), and where it is out of
// bounds now, some element stands in: a wrong number, but never somebody else's memory.
template <class I>
LIBTENSOR_INLINE int64_t read_index(const I* at) {
  return *static_cast<const volatile I*>(at);
}
template <class I>
LIBTENSOR_INLINE int64_t read_index_within(const I* at, int64_t size) {
  const int64_t index = read_index(at);
  return is_within(index, size) ? index : 0;
}

}  // namespace libtensor
