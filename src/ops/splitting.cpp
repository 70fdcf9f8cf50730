// Several views of one tensor: unbind, split, chunk, and their derivatives.
#include "ops/checks.h"
#include "ops/formulas.h"
#include "ops/generated/compute/views.h"
#include "ops/generated/functions/joining.h"
#include "ops/generated/functions/views.h"

namespace libtensor::ops {
namespace {

int64_t quotient_up(int64_t a, int64_t b) { return a / b + (a % b != 0); }

// Into how many pieces of `size`, the last one shorter, a dim is cut. One where there is nothing.
int64_t piece_count(int64_t dim_size, int64_t size) {
  return dim_size == 0 ? 1 : quotient_up(dim_size, size);
}

// How long these pieces are.
std::vector<int64_t> lengths_of(int64_t dim_size, int64_t size) {
  std::vector<int64_t> lengths(piece_count(dim_size, size), size);
  lengths.back() = dim_size - size * static_cast<int64_t>(lengths.size() - 1);
  return lengths;
}

std::vector<Tensor> ranges_of(const Tensor& self, int dim, Span lengths) {
  std::vector<Tensor> views;
  views.reserve(lengths.size());
  int64_t start = 0;
  for (const int64_t length : lengths) {
    views.push_back(self.narrow(dim, start, length));
    start += length;
  }
  return views;
}

void check_has_dims(const Tensor& self, const char* operation) {
  check(self.ndim() > 0, operation, " expects at least a 1-dimensional tensor");
}

void check_tensor_split(const Tensor& self) {
  check(self.ndim() > 0,
        "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
}

// The size of the pieces that `chunk` makes of a dim of `size`, which is not 0.
int64_t chunk_size(int64_t size, int64_t chunks) { return quotient_up(size, chunks); }

}  // namespace

int64_t unbind_count(const Tensor& self, int64_t dim) {
  check_as(Status::kIndexError, self.ndim() > 0, "Dimension specified as ", dim,
           " but tensor has no dimensions");
  return self.size(dim);
}

int64_t split_count(const Tensor& self, int64_t split_size, int64_t dim) {
  check_has_dims(self, "split");
  check(split_size >= 0,
        "split expects split_size be non-negative, but got split_size=", split_size);
  const int64_t size = self.size(dim);
  check(split_size > 0 || size == 0,
        "split_size can only be 0 if dimension size is 0, but got dimension size of ", size);
  return piece_count(size, split_size);
}

int64_t split_with_sizes_count(const Tensor& self, Span split_sizes, int64_t dim) {
  check_has_dims(self, "split");
  const int64_t size = self.size(dim);
  int64_t left = size;
  bool fits = true;
  for (const int64_t length : split_sizes) {
    if (length < 0)  // a message for each would copy all of them as often
      fail(Status::kInvalidArgument,
           "split_with_sizes expects split_sizes have only non-negative entries, but got "
           "split_sizes=",
           Dims(split_sizes));
    fits = fits && length <= left;
    if (fits) left -= length;
  }
  check(fits && left == 0, "split_with_sizes expects split_sizes to sum exactly to ", size,
        " (input tensor's size at dimension ", dim, "), but got split_sizes=", Dims(split_sizes));
  return static_cast<int64_t>(split_sizes.size());
}

int64_t chunk_count(const Tensor& self, int64_t chunks, int64_t dim) {
  check_has_dims(self, "chunk");
  check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int64_t size = self.size(dim);
  return size == 0 ? chunks : piece_count(size, chunk_size(size, chunks));
}

int64_t tensor_split_count(const Tensor& self, int64_t sections, int64_t dim) {
  check_tensor_split(self);
  wrap_dim(dim, self.ndim());
  check(sections > 0, "number of sections must be larger than 0, got ", sections);
  return sections;
}

int64_t tensor_split_indices_count(const Tensor& self, Span indices, int64_t dim) {
  check_tensor_split(self);
  wrap_dim(dim, self.ndim());
  return static_cast<int64_t>(indices.size()) + 1;
}

namespace compute {

std::vector<Tensor> unbind(const Tensor& self, int64_t dim) {
  const int64_t count = unbind_count(self, dim);
  const int at = wrap_dim(dim, self.ndim());
  Dims shape = self.shape(), strides = self.strides();
  shape.erase(at);
  strides.erase(at);
  std::vector<Tensor> views;
  views.reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    views.push_back(self.view(shape, strides, moved_offset(self.offset(), i, self.strides()[at])));
  }
  return views;
}

std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim) {
  split_count(self, split_size, dim);
  return ranges_of(self, wrap_dim(dim, self.ndim()), lengths_of(self.size(dim), split_size));
}

std::vector<Tensor> split_with_sizes(const Tensor& self, Span split_sizes, int64_t dim) {
  split_with_sizes_count(self, split_sizes, dim);
  return ranges_of(self, wrap_dim(dim, self.ndim()), split_sizes);
}

}  // namespace compute

std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  chunk_count(self, chunks, dim);
  const int64_t size = self.size(dim);
  if (size == 0) return split_with_sizes(self, std::vector<int64_t>(chunks, 0), dim);
  return split(self, chunk_size(size, chunks), dim);
}

std::vector<Tensor> tensor_split(const Tensor& self, int64_t sections, int64_t dim) {
  const int64_t count = tensor_split_count(self, sections, dim);
  const int64_t size = self.size(dim);
  std::vector<Tensor> views;
  views.reserve(count);
  int64_t start = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t end = start + size / count + (i < size % count);
    views.push_back(slice(self, dim, start, end, 1));
    start = end;
  }
  return views;
}

std::vector<Tensor> tensor_split_indices(const Tensor& self, Span indices, int64_t dim) {
  std::vector<Tensor> views;
  views.reserve(tensor_split_indices_count(self, indices, dim));
  int64_t start = 0;
  for (const int64_t end : indices) {
    views.push_back(slice(self, dim, start, end, 1));
    start = end;
  }
  views.push_back(slice(self, dim, start, self.size(dim), 1));
  return views;
}

// --- derivatives

namespace {

// `gradients`, of which some are defined, with zeros in place of the others: lengths[i] positions
// of `dim`.
std::vector<Tensor> filled(std::span<const Tensor> gradients, Span shape, int dim, Span lengths) {
  const Tensor& like = *std::find_if(gradients.begin(), gradients.end(),
                                     [](const Tensor& gradient) { return gradient.defined(); });
  std::vector<Tensor> result(gradients.begin(), gradients.end());
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i].defined()) continue;
    Dims part(shape);
    part[dim] = lengths[i];
    result[i] = zeros_of(part, like);
  }
  return result;
}

}  // namespace

Tensor unbind_backward(std::span<const Tensor> gradients, Span shape, int64_t dim) {
  const int at = wrap_dim(dim, static_cast<int>(shape.size()));
  const Tensor& like = *std::find_if(gradients.begin(), gradients.end(),
                                     [](const Tensor& gradient) { return gradient.defined(); });
  std::vector<Tensor> parts(gradients.begin(), gradients.end());
  for (Tensor& part : parts) {
    if (!part.defined()) part = zeros_of(like.shape(), like);
  }
  return stack(parts, at);
}

Tensor split_backward(std::span<const Tensor> gradients, Span shape, int64_t split_size,
                      int64_t dim) {
  const int at = wrap_dim(dim, static_cast<int>(shape.size()));
  return cat(filled(gradients, shape, at, lengths_of(shape[at], split_size)), at);
}

Tensor split_with_sizes_backward(std::span<const Tensor> gradients, Span shape, Span split_sizes,
                                 int64_t dim) {
  const int at = wrap_dim(dim, static_cast<int>(shape.size()));
  return cat(filled(gradients, shape, at, split_sizes), at);
}

}  // namespace libtensor::ops
