// Shapes, strides and lists of dims as arguments.
#ifndef TENSOR_CPP_INT_LIST_HPP
#define TENSOR_CPP_INT_LIST_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace tensor {

// A few integers: from {2, 3}, from a vector, or from one number where one dim is meant, as in
// a.sum(0). It holds a copy, so nothing dangles, and up to eight of them without heap memory.
class IntList {
 public:
  IntList() noexcept : size_(0) {}
  IntList(int64_t value) noexcept : size_(1) { few_[0] = value; }
  IntList(std::initializer_list<int64_t> values) { assign(values.begin(), values.size()); }
  IntList(const std::vector<int64_t>& values) { assign(values.data(), values.size()); }
  IntList(const int64_t* values, size_t count) { assign(values, count); }

  const int64_t* data() const noexcept { return size_ <= kFew ? few_ : many_.data(); }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const int64_t* begin() const noexcept { return data(); }
  const int64_t* end() const noexcept { return data() + size_; }
  int64_t operator[](size_t i) const noexcept { return data()[i]; }

 private:
  static constexpr size_t kFew = 8;

  void assign(const int64_t* values, size_t count) {
    size_ = count;
    if (count <= kFew) {
      std::copy(values, values + count, few_);
    } else {
      many_.assign(values, values + count);
    }
  }

  size_t size_;
  int64_t few_[kFew];
  std::vector<int64_t> many_;
};

}  // namespace tensor

#endif  // TENSOR_CPP_INT_LIST_HPP
