#include "cpu/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "core/dims.h"

namespace libtensor::cpu {
namespace {

struct Dim {
  int64_t extent, to, from;
};

template <class T>
void copy_row(T* to, const T* from, const Dim& dim) {
  if (dim.to == 1 && dim.from == 1) {
    std::memcpy(to, from, dim.extent * sizeof(T));
  } else if (dim.to == 1 && dim.from == 0) {
    std::fill_n(to, dim.extent, *from);
  } else if (dim.to == 1) {
    for (int64_t i = 0; i < dim.extent; ++i) to[i] = from[i * dim.from];
  } else {
    for (int64_t i = 0; i < dim.extent; ++i) to[i * dim.to] = from[i * dim.from];
  }
}

// Rows of kBytes: the compiler makes a few moves of each.
template <size_t kBytes, class T>
void copy_short_rows(T* to, const T* from, const Dim& outer) {
  for (int64_t i = 0; i < outer.extent; ++i)
    std::memcpy(to + i * outer.to, from + i * outer.from, kBytes);
}

template <class T>
void copy_rows(T* to, const T* from, const Dim& inner, const Dim& outer) {
  if (inner.to == 1 && inner.from == 1) {
    switch (inner.extent * sizeof(T)) {
      case 8:
        return copy_short_rows<8>(to, from, outer);
      case 16:
        return copy_short_rows<16>(to, from, outer);
      case 32:
        return copy_short_rows<32>(to, from, outer);
      case 64:
        return copy_short_rows<64>(to, from, outer);
      case 128:
        return copy_short_rows<128>(to, from, outer);
      default:
        break;
    }
  }
  if (inner.extent < 8) {  // no call for each row
    for (int64_t i = 0; i < outer.extent; ++i) {
      for (int64_t j = 0; j < inner.extent; ++j) {
        to[i * outer.to + j * inner.to] = from[i * outer.from + j * inner.from];
      }
    }
    return;
  }
  for (int64_t i = 0; i < outer.extent; ++i) {
    copy_row(to + i * outer.to, from + i * outer.from, inner);
  }
}

template <class T>
void copy_dims(int ndim, const Dim* dims, T* to, const T* from) {
  if (ndim <= 2) return copy_rows(to, from, dims[0], dims[1]);
  const Dim& outer = dims[ndim - 1];
  for (int64_t i = 0; i < outer.extent; ++i) {
    copy_dims(ndim - 1, dims, to + i * outer.to, from + i * outer.from);
  }
}

// Which of two dims is better innermost: the one that makes small steps on both sides, so that
// cache lines are used up at once; but a few elements do not make a loop.
bool belongs_inside(const Dim& candidate, const Dim& current) {
  if (candidate.extent < 8 || current.extent < 8)
    return candidate.extent > current.extent && current.to + current.from > 2;
  return candidate.to + candidate.from < current.to + current.from;
}

}  // namespace

void strided_copy(int size, int ndim, const int64_t* extents, void* to, const int64_t* to_strides,
                  const void* from, const int64_t* from_strides) {
  Dim dims[kMaxDims + 2];
  int count = 0;
  for (int i = 0; i < ndim; ++i) {
    if (extents[i] == 1) continue;
    if (count > 0) {
      Dim& inner = dims[count - 1];
      if (to_strides[i] == inner.extent * inner.to &&
          from_strides[i] == inner.extent * inner.from) {
        inner.extent *= extents[i];
        continue;
      }
    }
    dims[count++] = {extents[i], to_strides[i], from_strides[i]};
  }
  while (count < 2) dims[count++] = {1, 1, 1};
  if (belongs_inside(dims[1], dims[0])) std::swap(dims[0], dims[1]);
  switch (size) {
    case 1:
      return copy_dims(count, dims, static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from));
    case 2:
      return copy_dims(count, dims, static_cast<uint16_t*>(to), static_cast<const uint16_t*>(from));
    case 4:
      return copy_dims(count, dims, static_cast<uint32_t*>(to), static_cast<const uint32_t*>(from));
    case 8:
      return copy_dims(count, dims, static_cast<uint64_t*>(to), static_cast<const uint64_t*>(from));
  }
}

}  // namespace libtensor::cpu
