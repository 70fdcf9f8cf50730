// Functions whose arguments depend on each other, so that not any will do: a program that says its
// memory is larger than it is has made a mistake that no library can see.
#include <algorithm>

#include "fuzz/call.h"

namespace test {
namespace {

// One past the last element that they reach, in elements, where that can be said.
bool reaches_past(const int64_t* shape, const int64_t* strides, size_t ndim, int64_t most) {
  int64_t last = 0;
  for (size_t i = 0; i < ndim; ++i) {
    if (shape[i] <= 0 || (strides && strides[i] < 0)) return false;  // nothing, or refused
  }
  int64_t contiguous = 1;
  for (size_t i = ndim; i-- > 0;) {
    int64_t part = 0;
    const int64_t stride = strides ? strides[i] : contiguous;
    if (__builtin_mul_overflow(shape[i] - 1, stride, &part) ||
        __builtin_add_overflow(last, part, &last) ||
        __builtin_mul_overflow(contiguous, shape[i], &contiguous)) {
      return true;
    }
  }
  return last >= most;
}

size_t element_size(const tensor_options_t* options) {
  const bool standard = !options || options->struct_size < 12 || options->dtype == 0;
  return std::max<size_t>(1, standard ? 4 : tensor_dtype_size(options->dtype));
}

constexpr int64_t kOne[8] = {1, 1, 1, 1, 1, 1, 1, 1};

}  // namespace

void call_from_data(Call& call) {
  const int64_t* shape = call.sizes("shape");
  size_t ndim = call.length("ndim");
  const tensor_options_t* options = call.options<tensor_options_t>("options");
  const auto room = static_cast<int64_t>(sizeof(World::arena) / element_size(options));
  const void* data = call.null("data") ? nullptr : call.world().arena;
  if (data && shape && ndim <= 80 && reaches_past(shape, nullptr, ndim, room)) {
    shape = kOne, ndim = 2;
  }
  tensor_t** out = call.results<tensor_t>("out");
  call.status([&] { return tensor_from_data(data, shape, ndim, options, out); });
}

void call_from_blob(Call& call) {
  const int64_t* strides = call.sizes("strides");
  const size_t stride_count = call.length("stride_count");
  const int64_t* shape = call.sizes("shape");
  size_t ndim = call.length("ndim");
  if (call.choices().coin()) strides = nullptr;
  const tensor_options_t* options = call.options<tensor_options_t>("options");
  const size_t offset = 8 * call.choices().below(8);
  const auto room = static_cast<int64_t>((sizeof(World::arena) - offset) / element_size(options));
  const bool placed = options && options->struct_size >= sizeof(tensor_options_t);
  unsigned char* const memory =
      call.world().memory_on(placed ? options->device : tensor_device_t{TENSOR_CPU, 0});
  void* data = call.null("data") || !memory ? nullptr : memory + offset;
  // A length that is drawn too large stands for no list of that length.
  if (!shape || ndim > 80 || (strides && (stride_count < ndim || stride_count > 80)) ||
      reaches_past(shape, strides, ndim, room)) {
    shape = kOne, ndim = 2, strides = nullptr;
  }
  void* user = call.user("user");
  const AnyCallback destroy = call.destroy("destroy");
  tensor_t** out = call.results<tensor_t>("out");
  call.status(
      [&] { return tensor_from_blob(data, shape, strides, ndim, options, destroy, user, out); });
}

namespace {

// Room for the elements of a tensor that has few.
thread_local unsigned char elements[kFewElements * 8];

size_t bytes_of(Call& call, const tensor_t* t) {
  int64_t numel = 0;
  tensor_dtype_t dtype = TENSOR_FLOAT32;
  if (t && tensor_numel(t, &numel) == TENSOR_OK) tensor_dtype(t, &dtype);
  const size_t right = static_cast<size_t>(numel) * tensor_dtype_size(dtype);
  return call.choices().one_in(4) ? call.index("bytes") : right;
}

}  // namespace

void call_copy_to(Call& call) {
  const tensor_t* t = call.tensor("t");
  const size_t bytes = bytes_of(call, t);
  void* const data = call.null("data") ? nullptr : elements;
  call.status([&] { return tensor_copy_to(t, data, bytes); });
}

void call_copy_from(Call& call) {
  tensor_t* t = call.changed("t");
  const size_t bytes = bytes_of(call, t);
  const void* const data = call.null("data") ? nullptr : elements;
  call.status([&] { return tensor_copy_from(t, data, bytes); });
}

// Handles are numbers there, and destroy is not called: it says which user pointers are meant.
void call_ownership(Call& call) {
  const auto* const handles = reinterpret_cast<const uint64_t*>(call.tensors("handles"));
  const size_t handle_count = call.length("handle_count");
  void (*const destroy)(void*) = call.null("destroy") ? nullptr : +[](void*) {};
  auto* const entries = call.room<tensor_ownership_t>("entries");
  const size_t capacity = call.capacity("capacity");
  auto* const count = call.room<size_t>("count");
  call.status(
      [&] { return tensor_ownership(handles, handle_count, destroy, entries, capacity, count); });
}

void call_scope_push(Call& call) {
  World& world = call.world();
  if (world.scopes > world.floor + 4) return;
  call.status([&] {
    const tensor_status_t status = tensor_scope_push();
    if (status == TENSOR_OK) ++world.scopes;
    return status;
  });
}

void call_scope_pop(Call& call) {
  World& world = call.world();
  if (world.destroying > 0) return;
  tensor_t* const* keep = call.tensors("keep");
  const size_t count = call.length("count");
  const auto is_live = [](const tensor_t* t) {
    size_t ndim = 0;
    return !t || tensor_ndim(t, &ndim) == TENSOR_OK;
  };
  const bool fine =
      world.scopes > world.floor &&
      (count == 0 || (keep && count <= 4 && std::all_of(keep, keep + count, is_live)));
  call.status([&] {
    // Before the call: what it releases may call back.
    if (fine) world.close_scope(keep, keep ? count : 0);
    const tensor_status_t status = tensor_scope_pop(keep, count);
    if (fine != (status == TENSOR_OK)) {
      world.fail(fine ? "a scope is not closed" : "a scope was closed that was not open");
    }
    return status;
  });
}

void call_hooks_push(Call& call) {
  const AnyCallback pack = call.callback("pack"), unpack = call.callback("unpack"), discard(false);
  void* user = call.user("user");
  const AnyCallback destroy = call.destroy("destroy");
  call.status([&] {
    const tensor_status_t status =
        tensor_saved_tensors_hooks_push(pack, unpack, discard, user, destroy);
    if (status == TENSOR_OK) ++call.world().hooks;
    return status;
  });
}

void call_hooks_pop(Call& call) {
  if (call.world().destroying > 0) return;
  call.status([&] {
    const tensor_status_t status = tensor_saved_tensors_hooks_pop();
    if (status != TENSOR_OK) return status;
    if (call.world().hooks == 0) {
      call.world().fail("hooks were popped that were not pushed");
    } else {
      --call.world().hooks;
    }
    return status;
  });
}

}  // namespace test
