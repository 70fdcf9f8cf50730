#include "capi/random_call.h"

#include <climits>

namespace test {
namespace {

constexpr int64_t kFewElements = 100'000;
constexpr unsigned char kUntouched = 0x3c;

// What arithmetic on sizes, strides and offsets goes wrong with.
constexpr int64_t kExtremes[] = {
    INT64_MIN,        INT64_MIN + 1,     -(int64_t{1} << 32), int64_t{1} << 31,
    int64_t{1} << 32, int64_t{1} << 40,  int64_t{1} << 60,    int64_t{1} << 61,
    int64_t{1} << 62, INT64_MAX / 2 + 1, INT64_MAX - 1,       INT64_MAX,
};

tensor_t* expanded(const Shape& shape, const Shape& to, tensor_dtype_t dtype) {
  return call(tensor_expand, filled(shape, 1, dtype), to.data(), to.size()).give();
}

}  // namespace

Seen see(const tensor_t* t) {
  Seen seen;
  seen.shape = shape(t);
  seen.strides = strides(t);
  EXPECT_EQ(tensor_storage_offset(t, &seen.offset), TENSOR_OK);
  seen.dtype = dtype(t);
  seen.version = version(t);
  seen.requires_grad = requires_grad(t);
  seen.is_leaf = is_leaf(t);
  seen.grad_fn = grad_fn(t);
  if (const int64_t count = numel(t); count <= kFewElements) {
    seen.bytes.resize(count * tensor_dtype_size(seen.dtype));
    EXPECT_EQ(tensor_copy_to(t, seen.bytes.data(), seen.bytes.size()), TENSOR_OK)
        << tensor_last_error();
  }
  return seen;
}

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  out << tensor_dtype_name(seen.dtype) << " shape " << testing::PrintToString(seen.shape)
      << " strides " << testing::PrintToString(seen.strides) << " offset " << seen.offset
      << " version " << seen.version << " requires_grad " << seen.requires_grad << " leaf "
      << seen.is_leaf << " grad_fn " << seen.grad_fn << " bytes";
  for (size_t i = 0; i < seen.bytes.size() && i < 48; ++i) out << ' ' << int{seen.bytes[i]};
  return out;
}

tensor_t* Draw::fresh() {
  static constexpr tensor_dtype_t kDTypes[] = {
      TENSOR_FLOAT32, TENSOR_FLOAT32, TENSOR_FLOAT64, TENSOR_INT64,    TENSOR_INT64, TENSOR_INT32,
      TENSOR_UINT8,   TENSOR_BOOL,    TENSOR_FLOAT16, TENSOR_BFLOAT16, TENSOR_INT8,  TENSOR_INT16};
  static const Shape kShapes[] = {{},     {1},    {3},       {2, 3},       {3, 3},
                                  {3},    {2, 3}, {1, 3},    {3, 2},       {0},
                                  {2, 0}, {4},    {2, 2, 3}, {1, 2, 2, 3}, Shape(64, 1)};
  const tensor_dtype_t type = kDTypes[below(std::size(kDTypes))];
  if (many_ && below(3) == 0) {
    const int64_t kHuge = int64_t{1} << 60 / tensor_dtype_size(type);
    switch (below(5)) {
      case 0:
        return expanded({1}, {kHuge}, type);
      case 1:
        return expanded({1, 3}, {kHuge / 4, 3}, type);
      case 2:
        return expanded({1, 0, 1}, {INT64_MAX, 0, int64_t{1} << 40}, type);
      case 3:
        return expanded({0, 1}, {0, int64_t{1} << 62}, type);
      default: {  // a huge stride, or offset
        const Owned row = filled({6}, 1, type);
        const Owned one = call(tensor_slice, row, 0, 0, 6, kExtremes[3 + below(9)]);
        return (coin() ? call(tensor_slice, one, 0, 1, 2, 1) : call(tensor_alias, one)).give();
      }
    }
  }
  Owned t = filled(kShapes[below(std::size(kShapes))], static_cast<double>(below(4)), type);
  const bool floating = type == TENSOR_FLOAT32 || type == TENSOR_FLOAT64;
  if (below(4) == 0 && shape(t).size() > 1) t = call(tensor_transpose, t, 0, 1);
  if (below(8) == 0 && shape(t).size() < 4) {
    Shape larger = shape(t);
    larger.insert(larger.begin(), 2);
    t = call(tensor_expand, t, larger.data(), larger.size());
  }
  if (floating && below(4) == 0) {
    EXPECT_EQ(tensor_set_requires_grad(t, true), TENSOR_OK) << tensor_last_error();
    if (coin()) t = call(tensor_exp, t);
  }
  return t.give();
}

tensor_t* Draw::view_of(const tensor_t* t) {
  int64_t first = 0;
  size_t ndim = 0;
  if (tensor_ndim(t, &ndim) != TENSOR_OK || ndim == 0) return nullptr;
  if (tensor_size(t, 0, &first) != TENSOR_OK) return nullptr;
  tensor_t* view = nullptr;
  return tensor_slice(t, 0, static_cast<int64_t>(below(2)), first, 1, &view) == TENSOR_OK ? view
                                                                                          : nullptr;
}

const tensor_t* Draw::tensor() {
  const size_t choice = below(32);
  if (choice == 0) return nullptr;
  if (choice == 1) {  // a handle that was given back
    tensor_t* dead = filled({1}, 1).give();
    EXPECT_EQ(tensor_release(dead), TENSOR_OK);
    return dead;
  }
  tensor_t* given = nullptr;
  if (choice < 12 && !owned_.empty()) {
    const tensor_t* before = owned_[below(owned_.size())];
    if (choice < 8) return before;
    // To write what another view with gaps reads is not refused, as in PyTorch, but a race there.
    bool is_dense = true;
    if (!on_cpu()) {
      EXPECT_EQ(tensor_is_contiguous(before, &is_dense), TENSOR_OK);
    }
    if (is_dense) given = view_of(before);
  }
  if (!given) given = fresh();
  owned_.push_back(given);
  return given;
}

tensor_t* const* Draw::tensors() {
  std::array<tensor_t*, 4>& list = lists_[drawn_lists_++];
  length_ = below(list.size());
  const bool alike = coin();
  for (size_t i = 0; i < length_; ++i) {
    list[i] = alike && i > 0 ? list[0] : const_cast<tensor_t*>(tensor());
  }
  return list.data();
}

int64_t Draw::integer() {
  return below(4) == 0 ? kExtremes[below(std::size(kExtremes))]
                       : static_cast<int64_t>(below(7)) - 2;
}

const int64_t* Draw::sizes() {
  std::vector<int64_t>& sizes = sizes_[drawn_sizes_++];
  length_ = below(20) == 0 ? 60 + below(8) : below(4);
  const bool small = length_ > 4 || coin();
  for (size_t i = 0; i < length_; ++i) {
    sizes.push_back(length_ > 4 ? 1 : small ? static_cast<int64_t>(below(4)) : integer());
  }
  return below(32) == 0 ? nullptr : sizes.data();
}

double Draw::real() {
  static constexpr double kReals[] = {0, 1, -1, 0.5, 2, 1e300, -1e300, 65520, INFINITY, NAN};
  return kReals[below(std::size(kReals))];
}

tensor_scalar_t Draw::scalar() {
  tensor_scalar_t wrong = tensor_scalar_int64(1);
  wrong.dtype = static_cast<tensor_dtype_t>(integer());
  switch (below(8)) {
    case 0:
      return tensor_scalar_bool(coin());
    case 1:
      return wrong;
    case 2:
    case 3:
      return tensor_scalar_double(real());
    default:
      return tensor_scalar_int64(integer());
  }
}

tensor_dtype_t Draw::dtype() { return static_cast<tensor_dtype_t>(below(14)) - 1; }

tensor_device_t Draw::device() {
  if (below(4) == 0) return {static_cast<tensor_device_type_t>(integer()), 0};
  return test::device();
}

int32_t Draw::word(int32_t count) { return static_cast<int32_t>(below(count + 2)) - 1; }

const tensor_options_t* Draw::options() {
  options_ = test::options(TENSOR_FLOAT32);
  if (coin()) options_.dtype = dtype();
  if (below(8) == 0) options_.struct_size = below(sizeof(options_) + 8);
  options_.requires_grad = below(4) == 0;
  return test::on_cpu() && below(4) == 0 ? nullptr : &options_;
}

tensor_t** Draw::result() { return below(32) == 0 ? nullptr : &places_[drawn_places_++]; }

tensor_t** Draw::results() {
  drawn_places_ = kPlaces;
  return places_;
}

size_t Draw::room_for_results() { return below(4) == 0 ? below(kPlaces) : kPlaces; }

void* Draw::room() { return below(32) == 0 ? nullptr : room_[drawn_rooms_++]; }

void Draw::look() {
  for (const tensor_t* t : owned_) before_.push_back(see(t));
  std::memset(places_, 0, sizeof(places_));
  std::memset(room_, kUntouched, sizeof(room_));
  live_ = tensor_live_handles();
}

void Draw::compare(tensor_status_t status) {
  EXPECT_NE(status, TENSOR_ERROR_INTERNAL) << tensor_last_error();
  if (status == TENSOR_OK) {
    for (const tensor_t* result : places_) {
      if (result) see(result);  // reads every element
    }
    return;
  }
  EXPECT_STRNE(tensor_last_error(), "");
  EXPECT_EQ(tensor_live_handles(), live_) << tensor_last_error();
  for (size_t i = 0; i < owned_.size(); ++i) {
    EXPECT_EQ(see(owned_[i]), before_[i]) << "tensor " << i << ": " << tensor_last_error();
  }
  for (const tensor_t* result : places_) EXPECT_EQ(result, nullptr) << "a result was written";
  for (const auto& bytes : room_) {
    for (unsigned char byte : bytes) ASSERT_EQ(byte, kUntouched) << "a result was written";
  }
}

Draw::~Draw() {
  for (tensor_t* result : places_) tensor_release(result);
  // One that was made its own gradient, by way of a view, would keep itself.
  for (tensor_t* t : owned_) EXPECT_EQ(tensor_set_grad(t, nullptr), TENSOR_OK);
  for (tensor_t* t : owned_) EXPECT_EQ(tensor_release(t), TENSOR_OK) << tensor_last_error();
}

}  // namespace test
