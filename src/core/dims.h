// A short list of 64-bit integers (shapes, strides, dims): inline up to 8, on the heap beyond.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <ostream>
#include <span>

namespace libtensor {

inline constexpr int kMaxDims = 64;

class Dims {
 public:
  static constexpr int kInline = 8;

  Dims() = default;
  explicit Dims(int size) { resize(size); }
  Dims(int size, int64_t fill) {
    resize(size);
    std::fill_n(data(), size, fill);
  }
  Dims(std::initializer_list<int64_t> values) {
    assign(values.begin(), static_cast<int>(values.size()));
  }
  Dims(std::span<const int64_t> values) {
    assign(values.data(), static_cast<int>(values.size()));
  }  // NOLINT
  // heap_: what is copied over need not be cleared.
  Dims(const Dims& other) : heap_(nullptr) {
    if (other.on_heap()) [[unlikely]] {
      copy_heap(other);
    } else {
      copy_inline(other);
    }
  }
  Dims(Dims&& other) noexcept : heap_(nullptr) { take(other); }
  Dims& operator=(const Dims& other) {
    if (this != &other) assign(other.data(), other.size_);
    return *this;
  }
  Dims& operator=(Dims&& other) noexcept {
    if (this != &other) {
      free_heap();
      take(other);
    }
    return *this;
  }
  ~Dims() { free_heap(); }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return on_heap() ? heap_ : inline_; }
  const int64_t* data() const { return on_heap() ? heap_ : inline_; }
  int64_t& operator[](int i) { return data()[i]; }
  int64_t operator[](int i) const { return data()[i]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + size_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size_; }
  operator std::span<const int64_t>() const {
    return {data(), static_cast<size_t>(size_)};
  }  // NOLINT

  // Keeps the first elements; what is added is not initialised.
  void resize(int size) {
    if (size > kInline && size > capacity_) grow(size);
    size_ = size;
  }
  void push_back(int64_t value) {
    resize(size_ + 1);
    data()[size_ - 1] = value;
  }
  void insert(int position, int64_t value) {
    resize(size_ + 1);
    std::copy_backward(begin() + position, end() - 1, end());
    data()[position] = value;
  }
  void erase(int position) {
    std::copy(begin() + position + 1, end(), begin() + position);
    --size_;
  }
  void assign(const int64_t* values, int size) {
    resize(size);
    int64_t* to = data();
    for (int i = 0; i < size; ++i) to[i] = values[i];
  }

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.size_ != b.size_) return false;
    const int64_t *left = a.data(), *right = b.data();
    for (int i = 0; i < a.size_; ++i) {  // shorter than a call of memcmp
      if (left[i] != right[i]) return false;
    }
    return true;
  }

 private:
  // Once on the heap, a list stays there: capacity_ says which member of the union is alive.
  bool on_heap() const { return capacity_ > kInline; }
  void free_heap() {
    if (on_heap()) delete[] heap_;
    capacity_ = kInline;
  }
  void take(Dims& other) {
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (other.on_heap()) {
      heap_ = other.heap_;
      other.capacity_ = kInline;
      other.size_ = 0;
    } else {
      copy_inline(other);
    }
  }
  // All eight: a copy of fixed size is a few vector moves, where one of `size_` elements is a call.
  void copy_inline(const Dims& other) {
    size_ = other.size_;
    std::memcpy(inline_, other.inline_, sizeof(inline_));
  }
  [[gnu::cold, gnu::noinline]] void copy_heap(const Dims& other) {
    assign(other.heap_, other.size_);
  }
  void grow(int size) {
    const int capacity = std::max<int>(size, 2 * capacity_);
    int64_t* fresh = new int64_t[capacity];
    std::copy_n(data(), size_, fresh);
    free_heap();
    heap_ = fresh;
    capacity_ = capacity;
  }

  int32_t size_ = 0;
  int32_t capacity_ = kInline;
  union {
    int64_t inline_[kInline] = {};
    int64_t* heap_;
  };
};

using Span = std::span<const int64_t>;

// Prints as PyTorch prints a size in messages: [2, 3].
std::ostream& operator<<(std::ostream& out, const Dims& dims);

}  // namespace libtensor
