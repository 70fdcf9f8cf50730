// The drawing of arguments: most of them right, some wrong in each way that their type has.
#include <climits>
#include <cmath>
#include <utility>

#include "fuzz/call.h"

namespace test {
namespace {

constexpr int64_t kTinyElements = 12;

// What arithmetic on sizes, strides and offsets goes wrong with.
constexpr int64_t kExtremes[] = {
    INT64_MIN,        INT64_MIN + 1,     -(int64_t{1} << 32), -65, int64_t{1} << 31,
    int64_t{1} << 32, int64_t{1} << 40,  int64_t{1} << 60,    63,  int64_t{1} << 61,
    int64_t{1} << 62, INT64_MAX / 2 + 1, INT64_MAX - 1,       64,  INT64_MAX,
};
constexpr double kReals[] = {0,      1,     -1,       0.5,       2,   1e-6,   1e300,
                             -1e300, 65520, INFINITY, -INFINITY, NAN, 5e-324, 1e19};
constexpr tensor_dtype_t kDTypes[] = {
    TENSOR_FLOAT32,  TENSOR_FLOAT32, TENSOR_FLOAT64, TENSOR_FLOAT64, TENSOR_INT64,
    TENSOR_INT64,    TENSOR_INT32,   TENSOR_UINT8,   TENSOR_BOOL,    TENSOR_FLOAT16,
    TENSOR_BFLOAT16, TENSOR_INT8,    TENSOR_INT16};

using Shape = std::vector<int64_t>;

const Shape& drawn_shape(Choices& choices) {
  static const Shape kShapes[] = {{3},       {2, 3},       {},       {1},         {3, 3}, {3},
                                  {2, 3},    {1, 3},       {3, 2},   {0},         {2, 0}, {4},
                                  {2, 2, 3}, {1, 2, 2, 3}, {20, 30}, Shape(64, 1)};
  return choices.of(kShapes);
}

tensor_options_t options_of(tensor_dtype_t dtype, tensor_device_t device) {
  tensor_options_t options = tensor_options_default();
  options.dtype = dtype;
  options.device = device;
  return options;
}

// Takes the place of a handle where the call succeeds.
template <class F, class... Args>
void replace(tensor_t*& t, F* function, Args... args) {
  tensor_t* result = nullptr;
  if (!t || function(t, args..., &result) != TENSOR_OK) return;
  tensor_release(t);
  t = result;
}

// Tensors of more elements than could be visited, over a few.
void make_huge(tensor_t*& t, tensor_dtype_t type, Choices& choices) {
  const int64_t huge = (int64_t{1} << 60) / static_cast<int64_t>(tensor_dtype_size(type));
  const Shape shapes[] = {{huge, 3}, {huge, 1, 2, 3}, {INT64_MAX, 0, 3}, {0, int64_t{1} << 62, 3}};
  const Shape& shape = choices.of(shapes);
  if (choices.coin()) {
    replace(t, tensor_expand, shape.data(), shape.size());
  } else {  // a huge stride, or offset
    replace(t, tensor_slice, int64_t{0}, int64_t{0}, int64_t{6}, choices.of(kExtremes));
    if (choices.coin()) replace(t, tensor_slice, int64_t{0}, int64_t{1}, int64_t{2}, int64_t{1});
  }
}

std::string joined(const std::vector<int64_t>& values) {
  std::string result;
  for (int64_t value : values) result.append(std::to_string(value)).append(" ");
  return result;
}

}  // namespace

void Call::note(const char* name, const std::string& text) {
  if (tracing() && *name) notes_.append(notes_.empty() ? "" : ", ").append(name) += "=" + text;
}

bool Call::null(const char* name) {
  if (!choices_.one_in(64)) return false;
  note(name, "NULL");
  return true;
}

// --- handles

tensor_t* Call::fresh() {
  const tensor_dtype_t type = choices_.of(kDTypes);
  const tensor_options_t options = options_of(type, world_.settings.device);
  const bool huge = row_.size == kAny && choices_.one_in(10);
  const Shape small = {1, 3};
  const Shape& shape = huge ? small : drawn_shape(choices_);
  tensor_t* t = nullptr;
  const tensor_scalar_t value = tensor_scalar_int64(static_cast<int64_t>(choices_.below(4)));
  if (tensor_full(shape.data(), shape.size(), value, &options, &t) != TENSOR_OK) return nullptr;
  if (choices_.one_in(3)) {  // elements that differ
    tensor_t* counted = nullptr;
    int64_t numel = 0;
    tensor_numel(t, &numel);
    tensor_arange_options_t like = {sizeof(like), {}, &options};
    if (tensor_arange(tensor_scalar_int64(0), tensor_scalar_int64(numel), &like, &counted) ==
        TENSOR_OK) {
      replace(counted, tensor_view, shape.data(), shape.size());
      tensor_copy_(t, counted);
      tensor_release(counted);
    }
  }
  if (huge) {
    make_huge(t, type, choices_);
    return t;
  }
  if (shape.size() > 1 && choices_.one_in(4)) replace(t, tensor_transpose, int64_t{0}, int64_t{1});
  if (shape.size() < 4 && choices_.one_in(8)) {
    Shape larger = shape;
    larger.insert(larger.begin(), 2);
    replace(t, tensor_expand, larger.data(), larger.size());
  }
  if (shape == Shape{4} && choices_.one_in(3)) {  // elements that overlap
    const int64_t size[] = {2, 2}, stride[] = {1, 1};
    replace(t, tensor_as_strided, size, size_t{2}, stride, size_t{2}, nullptr);
  }
  if (type >= TENSOR_FLOAT32 && choices_.coin()) {
    tensor_set_requires_grad(t, true);
    if (choices_.one_in(3)) replace(t, tensor_exp);
  }
  return t;
}

bool Call::fits(const Slot& slot) const {
  if (row_.size == kAny) return true;
  return slot.seen.numel <= (row_.size == kFew ? kFewElements : kTinyElements);
}

void* Call::slot_handle(Kind kind) {
  const size_t count = kind == kTensor ? World::kTensors : World::kOthers;
  const uint64_t number = choices_.below(count);
  const Slot& slot = world_.slot(kind, number);
  if (slot.handle && (kind != kTensor || fits(slot))) return slot.handle;
  for (uint64_t i = 1; i < count && (kind != kTensor || choices_.coin()); ++i) {
    const Slot& other = world_.slot(kind, number + i);
    if (other.handle && (kind != kTensor || fits(other))) return other.handle;
  }
  void* made = nullptr;
  const tensor_device_t device = world_.settings.device;
  if (kind == kTensor) {
    made = fresh();
  } else if (kind == kStream) {
    tensor_stream_new(device, 0, reinterpret_cast<tensor_stream_t**>(&made));
  } else if (kind == kEvent) {
    tensor_event_new(device, choices_.coin(), reinterpret_cast<tensor_event_t**>(&made));
  } else if (kind == kCancel) {
    tensor_cancel_new(reinterpret_cast<tensor_cancel_t**>(&made));
  }
  if (!made) return nullptr;
  world_.keep(kind, made, number, world_.scopes);
  if (kind == kTensor && !fits(world_.slot(kind, number))) return nullptr;
  return world_.slot(kind, number).handle;
}

// No live one of its kind: released before, another kind's, or any bits.
void* Call::wrong_handle(Kind kind) {
  static constexpr uintptr_t kStray[] = {1, ~uintptr_t{0}, 0x5100000000000001, 4096};
  switch (choices_.below(3)) {
    case 0:
      return world_.dead(kind, choices_.below(World::kGraves));
    case 1: {
      const auto other = static_cast<Kind>((kind + 1 + choices_.below(kKinds - 1)) % kKinds);
      return world_.slot(other, choices_.below(World::kOthers)).handle;
    }
    default:
      return reinterpret_cast<void*>(choices_.coin() ? choices_.bits() : choices_.of(kStray));
  }
}

void* Call::any_handle(Kind kind, const char* name, Use use) {
  void* handle = nullptr;
  const uint64_t choice = choices_.below(64);
  if (choice == 63) {
    note(name, "NULL");
    return nullptr;
  }
  if (choice >= 60) {
    handle = wrong_handle(kind);
  } else if (kind == kTensor && choice >= 52 && !world_.borrowed.empty() && row_.size == kAny &&
             (world_.settings.alone || use == kRead)) {
    handle = const_cast<tensor_t*>(world_.borrowed[choices_.below(world_.borrowed.size())]);
  } else if (kind == kTensor && use == kRead && choice >= 36 && !world_.shared.empty() &&
             !row_.sets_data && !row_.gives_gradient) {
    handle = const_cast<tensor_t*>(world_.shared[choices_.below(world_.shared.size())]);
  } else if (kind == kTensor && choice >= 28 && choice < 36 && !given_.empty()) {
    const Slot* const again = world_.find(given_[choices_.below(given_.size())]);
    handle = again ? again->handle : nullptr;
  } else {
    handle = slot_handle(kind);
  }
  if (tracing()) {
    Slot* const slot = world_.find(handle);
    const bool right = slot && kind == kTensor && slot - world_.tensors < 64 &&
                       slot >= world_.tensors && slot < world_.tensors + World::kTensors;
    char bits[24];
    std::snprintf(bits, sizeof(bits), "0x%zx", reinterpret_cast<size_t>(handle));
    note(name, right ? std::string("t").append(std::to_string(slot - world_.tensors)).append(" ") +
                           test::text(slot->seen)
               : slot ? "a live handle"
                      : bits);
  }
  if (kind == kTensor && handle) {
    given_.push_back(handle);
    if (use == kChange) changed_.push_back(handle);
  }
  return handle;
}

void Call::fill_list(tensor_t** list, const char* name) {
  // Of the same shape, half of the time.
  const bool alike = choices_.coin();
  for (size_t i = 0; i < kList; ++i) {
    if (i < length_ || length_ > kList) {
      list[i] =
          alike && i > 0 ? list[0] : given<tensor_t>(name, row_.changes_lists ? kChange : kRead);
    } else {
      list[i] = nullptr;
    }
  }
}

tensor_t* const* Call::tensors(const char* name) {
  tensor_t** const list = lists_[drawn_lists_++];
  length_ = choices_.one_in(64) ? SIZE_MAX >> choices_.below(5) : choices_.below(4);
  fill_list(list, name);
  return null(name) ? nullptr : list;
}

tensor_t* const* Call::optional_tensors(const char* name) {
  tensor_t** const list = lists_[drawn_lists_++];
  if (choices_.coin()) {
    note(name, "NULL");
    return nullptr;
  }
  const size_t length = std::exchange(length_, 3);
  fill_list(list, name);
  length_ = length;
  return list;
}

const tensor_edge_t* Call::edges(const char* name) {
  tensor_edge_t* const list = edges_[drawn_edges_++];
  length_ = choices_.one_in(64) ? SIZE_MAX >> choices_.below(6) : choices_.below(4);
  for (size_t i = 0; i < kList; ++i) {
    list[i] = {nullptr, choices_.one_in(8) ? static_cast<uint32_t>(choices_.bits()) : 0};
    if (i < length_) list[i].node = handle<tensor_node_t>(name);
  }
  return null(name) ? nullptr : list;
}

// --- numbers

int64_t Call::integer(const char* name) {
  const int64_t value =
      choices_.one_in(6) ? choices_.of(kExtremes) : static_cast<int64_t>(choices_.below(7)) - 2;
  note(name, std::to_string(value));
  return value;
}

const int64_t* Call::sizes(const char* name) {
  std::vector<int64_t>& sizes = sizes_[drawn_sizes_++];
  length_ = choices_.one_in(24) ? 60 + choices_.below(12) : choices_.below(4);
  const bool small = length_ > 4 || !choices_.one_in(4);
  const int64_t same = choices_.one_in(4) ? static_cast<int64_t>(choices_.below(3)) : 1;
  for (size_t i = 0; i < length_; ++i) {
    sizes.push_back(length_ > 4 ? same
                    : small     ? static_cast<int64_t>(choices_.below(5)) - choices_.one_in(8)
                                : integer(""));
  }
  sizes.reserve(1);
  note(name, joined(sizes));
  if (choices_.one_in(64)) length_ = SIZE_MAX >> choices_.below(5);
  return null(name) ? nullptr : sizes.data();
}

size_t Call::length(const char* name) {
  note(name, std::to_string(length_));
  return length_;
}

size_t Call::count(const char* name) {
  const size_t result = choices_.one_in(32) ? SIZE_MAX >> choices_.below(5) : choices_.below(4);
  note(name, std::to_string(result));
  return result;
}

size_t Call::index(const char* name) {
  const size_t result = choices_.one_in(8) ? SIZE_MAX >> choices_.below(33) : choices_.below(3);
  note(name, std::to_string(result));
  return result;
}

uint64_t Call::bytes(const char* name) { return index(name); }

double Call::real(const char* name) {
  const double result = choices_.of(kReals);
  note(name, std::to_string(result));
  return result;
}

bool Call::flag(const char* name) {
  const bool result = choices_.coin();
  note(name, result ? "true" : "false");
  return result;
}

tensor_scalar_t Call::scalar(const char* name) {
  const uint64_t choice = choices_.below(9);
  if (choice < 5) return tensor_scalar_int64(integer(name));
  if (choice < 7) return tensor_scalar_double(real(name));
  if (choice < 8) return tensor_scalar_bool(flag(name));
  tensor_scalar_t wrong = tensor_scalar_int64(1);
  wrong.dtype = static_cast<tensor_dtype_t>(integer(name));
  return wrong;
}

tensor_dtype_t Call::dtype(const char* name) {
  const auto result = choices_.one_in(8) ? static_cast<tensor_dtype_t>(integer(""))
                                         : static_cast<tensor_dtype_t>(choices_.below(14)) - 1;
  note(name, std::to_string(result));
  return result;
}

tensor_device_t Call::device(const char* name) {
  tensor_device_t result = world_.settings.device;
  if (choices_.one_in(6)) result.type = static_cast<tensor_device_type_t>(choices_.below(4));
  if (choices_.one_in(12)) result.type = static_cast<tensor_device_type_t>(integer(""));
  if (choices_.one_in(12)) result.index = static_cast<int32_t>(integer(""));
  note(name, std::to_string(result.type) + ":" + std::to_string(result.index));
  return device_ = result;
}

int32_t Call::word(int32_t count, const char* name) {
  const auto result = static_cast<int32_t>(choices_.below(count + 2)) - 1;
  note(name, std::to_string(result));
  return result;
}

tensor_status_t Call::any_status(const char* name) {
  const auto result = static_cast<tensor_status_t>(integer(""));
  note(name, std::to_string(result));
  return result;
}

const char* Call::text(const char* name) {
  static const std::string kLong(300, 'x');
  static const char* const kTexts[] = {kTags[0], kTags[1], kTags[2], kTags[3], "", kLong.c_str()};
  const char* const result = choices_.of(kTexts);
  note(name, result);
  return null(name) ? nullptr : result;
}

const char* Call::message(const char* name) { return null(name) ? nullptr : "%s%n: not here"; }

const char* Call::path(const char* name) {
  static const char* const kPaths[] = {"/nowhere/libtensor_cuda.so", "", "/dev/null", "/"};
  const char* const result = choices_.of(kPaths);
  note(name, result);
  return null(name) ? nullptr : result;
}

size_t Call::events(const char* name) {
  static constexpr size_t kEvents[] = {0, 1, 10, SIZE_MAX, SIZE_MAX / 48, size_t{1} << 60};
  const size_t result = choices_.of(kEvents);
  note(name, std::to_string(result));
  return result;
}

int32_t Call::threads(const char* name) {
  static constexpr int32_t kThreads[] = {1, 2, 3, 0, -1, INT32_MIN};
  const int32_t result = choices_.of(kThreads);
  note(name, std::to_string(result));
  return result;
}

uint64_t Call::budget(const char* name) {
  static constexpr uint64_t kBudgets[] = {8 << 20, 4 << 20, 0, 1, 2 << 20};
  const uint64_t result = choices_.of(kBudgets);
  note(name, std::to_string(result));
  return result;
}

// --- structs

size_t Call::struct_size(size_t right) {
  if (!choices_.one_in(16)) return right;
  const size_t sizes[] = {0, 7, right - 1, right + 8, SIZE_MAX, choices_.below(right + 8)};
  const size_t result = choices_.of(sizes);
  note("struct_size", std::to_string(result));
  return result;
}

namespace {

void draw(Call& call, tensor_options_t& options) {
  options.dtype = call.choices().coin() ? TENSOR_DTYPE_DEFAULT : call.dtype("dtype");
  options.device = call.device("device");
  options.requires_grad = call.choices().one_in(4);
}
void draw(Call& call, tensor_backward_options_t& options) {
  options = tensor_backward_options_default();
  if (call.choices().one_in(3)) options.gradient = call.tensor("gradient");
  options.retain_graph = call.flag("retain_graph");
  options.create_graph = call.choices().one_in(4);
  if (options.create_graph) {
    call.note("create_graph", "true");
    call.world().may_have_cycles = true;
  }
  options.allow_unused = call.flag("allow_unused");
  if (call.choices().one_in(4)) {
    options.inputs = call.tensors("inputs");
    options.input_count = call.length("input_count");
  }
  if (call.choices().one_in(8)) options.cancel = call.handle<tensor_cancel_t>("cancel");
  options.materialize_grads = call.choices().one_in(4);
}
void draw(Call& call, tensor_functional_options_t& options) {
  options.create_graph = call.flag("create_graph");
  options.strict = call.choices().one_in(4);
}
void draw(Call& call, tensor_checkpoint_options_t& options) {
  options.preserve_rng_state = call.flag("preserve_rng_state");
  options.early_stop = call.flag("early_stop");
}
void draw(Call& call, tensor_gradcheck_options_t& options) {
  options = tensor_gradcheck_options_default();
  if (call.choices().one_in(8)) options.eps = call.real("eps");
  if (call.choices().one_in(8)) options.atol = call.real("atol");
  if (call.choices().one_in(8)) options.nondet_tol = call.real("nondet_tol");
  options.check_undefined_grad = call.flag("check_undefined_grad");
  options.fast_mode = call.flag("fast_mode");
}
void draw(Call& call, tensor_graph_picture_options_t& options) {
  static const char* const kNames[] = {"x", "", "a\"<&>\n", "\xff", "%s", "y", "z", nullptr};
  options.show_saved = call.flag("show_saved");
  if (call.choices().coin()) return;
  options.leaves = call.tensors("leaves");
  options.leaf_count = call.length("leaf_count");
  options.names = call.null("names") ? nullptr : kNames;
}

}  // namespace

template <class Options>
const Options* Call::options(const char* name) {
  static_assert(sizeof(Options) + 16 <= sizeof(options_));
  if (choices_.one_in(4)) {
    note(name, "NULL");
    return nullptr;
  }
  std::memset(options_, 0, sizeof(options_));
  auto* const options = reinterpret_cast<Options*>(options_);
  draw(*this, *options);
  options->struct_size = struct_size(sizeof(Options));
  return options;
}
template const tensor_options_t* Call::options(const char*);
template const tensor_backward_options_t* Call::options(const char*);
template const tensor_functional_options_t* Call::options(const char*);
template const tensor_checkpoint_options_t* Call::options(const char*);
template const tensor_gradcheck_options_t* Call::options(const char*);
template const tensor_graph_picture_options_t* Call::options(const char*);

// --- callbacks

AnyCallback Call::callback(const char* name) {
  const bool missing = null(name);
  if (missing) callback_missing_ = true;
  return AnyCallback(missing);
}

AnyCallback Call::destroy(const char* name) {
  const bool missing = choices_.one_in(8);
  if (registration_) registration_->has_destroy = !missing;
  if (missing) note(name, "NULL");
  return AnyCallback(missing);
}

void* Call::user(const char* name) {
  if (null(name)) return nullptr;
  registration_ = world_.registration(callback_missing_ && row_.rule == Registration::kOnSuccess
                                          ? Registration::kAtMostOnce
                                          : row_.rule);
  registration_->seed = choices_.bits();
  registration_->device = device_;
  return registration_;
}

// --- room for results

void* Call::room_of(const char* name, size_t element) {
  Room& room = rooms_[drawn_rooms_++];
  room_is_last_ = true;
  std::memset(room.bytes, kUntouched, kRoom);
  room.element = element;
  room.count = 1;
  return null(name) ? nullptr : room.bytes;
}

// Of the struct in the room drawn last.
void Call::set_struct_size(size_t right) {
  const size_t sizes[] = {right, 0, 7, right - 1, right - 8};
  const size_t size = choices_.one_in(8) ? choices_.of(sizes) : right;
  Room& room = rooms_[drawn_rooms_ - 1];
  room.is_struct = true;
  std::memcpy(room.bytes, &size, sizeof(size));
  if (size != right) note("struct_size", std::to_string(size));
}

size_t Call::capacity(const char* name) {
  size_t most = kPlaces;
  if (room_is_last_) most = kRoom / rooms_[drawn_rooms_ - 1].element;
  const size_t chosen[] = {most, 0, 1, choices_.below(most + 1)};
  const size_t result = choices_.of(chosen);
  if (room_is_last_) rooms_[drawn_rooms_ - 1].count = result;
  for (Room& room : rooms_) {
    if (room.is_list) room.count = result;
  }
  note(name, std::to_string(result));
  return result;
}

}  // namespace test
