// A row of the table that write_random_call_table.py writes, and what its functions are given.
#pragma once

#include <array>
#include <random>
#include <span>

#include "support/tensors.h"

namespace test {

// All that can be seen of a tensor, to be compared.
struct Seen {
  Shape shape, strides;
  int64_t offset = 0;
  tensor_dtype_t dtype = TENSOR_DTYPE_DEFAULT;
  uint32_t version = 0;
  bool requires_grad = false, is_leaf = false;
  std::string grad_fn;
  std::vector<unsigned char> bytes;

  bool operator==(const Seen&) const = default;
};
Seen see(const tensor_t* t);
std::ostream& operator<<(std::ostream& out, const Seen& seen);

// Options, and what a later version of the library may have behind them.
template <class T>
struct Longer {
  T options{};
  unsigned char later[16] = {};
};

// Draws the arguments of one call, and looks at what the call did to them.
class Draw {
 public:
  // `many`: some tensors have more elements than a loop could visit.
  Draw(std::mt19937_64& random, bool many) : random_(random), many_(many) {}
  ~Draw();
  Draw(const Draw&) = delete;
  Draw& operator=(const Draw&) = delete;

  const tensor_t*
  tensor();  // a new one, one given before, a view of one; seldom none or a dead one
  tensor_t* changed() { return const_cast<tensor_t*>(tensor()); }
  tensor_t* const* tensors();
  const int64_t* sizes();
  size_t length() const { return length_; }  // of the list drawn last
  int64_t integer();
  double real();
  bool coin() { return below(2) == 1; }
  tensor_scalar_t scalar();
  tensor_dtype_t dtype();
  tensor_device_t device();
  int32_t word(int32_t count);  // of an enumeration, or one beside it
  const tensor_options_t* options();
  // Seldom another than the right one.
  template <class T>
  size_t struct_size(Longer<T>& longer) {
    longer.later[below(16)] = below(16) == 0;
    return below(8) == 0 ? below(sizeof(longer) + 1) : sizeof(T);
  }
  tensor_t** result();   // a place for one
  tensor_t** results();  // places for some
  size_t room_for_results();
  void* room();  // for what is no handle
  size_t capacity() { return below(3); }

  // Makes the call. Where it fails, it must say why, and have changed and written nothing.
  template <class Call>
  tensor_status_t checked(Call&& call) {
    look();
    if (around_call) around_call(true);
    const tensor_status_t status = call();
    if (around_call) around_call(false);
    compare(status);
    return status;
  }
  // Where it is set, it is told when the call itself begins and when it is over.
  static inline void (*around_call)(bool begins) = nullptr;

 private:
  static constexpr size_t kPlaces = 8;

  size_t below(size_t count) { return random_() % count; }
  tensor_t* fresh();
  tensor_t* view_of(const tensor_t* t);
  void look();
  void compare(tensor_status_t status);

  std::mt19937_64& random_;
  const bool many_;
  std::vector<tensor_t*> owned_;
  std::array<tensor_t*, 4> lists_[2]{};  // as long as another list may be
  size_t drawn_lists_ = 0;
  std::vector<int64_t> sizes_[2];
  size_t drawn_sizes_ = 0, length_ = 0;
  tensor_options_t options_{};
  tensor_t* places_[kPlaces];
  size_t drawn_places_ = 0;
  alignas(16) unsigned char room_[4][64];
  size_t drawn_rooms_ = 0;
  std::vector<Seen> before_;
  size_t live_ = 0;
};

struct RandomCall {
  const char* name;
  bool visits_no_element;
  tensor_status_t (*call)(Draw& draw);
};
extern const std::span<const RandomCall> random_calls;

}  // namespace test
