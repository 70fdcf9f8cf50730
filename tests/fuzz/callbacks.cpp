#include "fuzz/callbacks.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "fuzz/call.h"
#include "support/emulator.h"

namespace test {
namespace {

// One run of a callback: its own choices, and the place in the world that it has.
class Frame {
 public:
  Frame(Registration& registration, const Lent& lent)
      : world(*registration.world),
        // Half of the callbacks do the same each time.
        choices(registration.seed % 2 ? registration.seed
                                      : mixed(registration.seed, registration.runs)),
        borrowed_(world.borrowed.size()),
        floor_(world.floor),
        hooks_(world.hooks),
        fenced_(!lent.last),
        calling_(std::exchange(world.calling, false)) {
    ++registration.runs;
    ++world.depth;  // also where a callback runs while arguments are made
    if (registration.destroyed > 0 && !lent.last) {
      world.fail("a callback was called after its destroy");
    }
    if (fenced_) world.floor = world.scopes, world.hooks = 0;
    for (size_t i = 0; i < lent.read_count; ++i) {
      if (lent.read[i]) world.borrowed.push_back(lent.read[i]);
    }
  }
  // The library puts scopes and hooks back, but for destroy.
  ~Frame() {
    world.calling = calling_;
    world.borrowed.resize(borrowed_);
    --world.depth;
    if (!fenced_) return;
    world.forget_above(world.floor);
    world.scopes = world.floor;
    world.floor = floor_;
    world.hooks = hooks_;
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // Calls any functions.
  void call_back() {
    if (world.depth > 4 || world.ending || world.failed()) return;
    for (uint64_t count = 1 + choices.below(3); count > 0; --count) {
      const Row& row = call_table[choices.below(call_table.size())];
      if (row.process_wide && !world.settings.alone) continue;
      Call call(world, choices, row);
      row.call(call);
    }
  }
  tensor_status_t fail() {
    auto status = static_cast<tensor_status_t>(1 + choices.below(20));
    if (status == TENSOR_ERROR_INTERNAL) status = TENSOR_ERROR_VALUE;  // the library's own
    if (choices.coin()) return tensor_set_last_error(status, "the callback failed");
    return status;
  }
  // A handle that the library takes over, or what only looks like one.
  tensor_t* result(const Lent& lent) {
    const tensor_t* source = lent.read_count ? lent.read[choices.below(lent.read_count)] : nullptr;
    if (!source && lent.written_count) source = lent.written[choices.below(lent.written_count)];
    tensor_t* made = nullptr;
    const int64_t one[] = {1};
    tensor_to_copy_options_t integers = {sizeof(integers), 0, {}};
    switch (choices.below(12)) {
      case 0:
        return nullptr;
      case 1:
        return const_cast<tensor_t*>(source);
      case 2:
        return static_cast<tensor_t*>(world.dead(kTensor, choices.below(4)));
      case 3:
        return reinterpret_cast<tensor_t*>(choices.bits());
      case 4:
        tensor_ones(one, 1, nullptr, &made);
        return made;
      case 5:
        integers.dtype = TENSOR_INT64;
        integers.device = world.settings.device;
        tensor_to_copy(source, &integers, &made);
        return made;
      case 6:
        tensor_retain(const_cast<tensor_t*>(source), &made);
        return made;
      case 7:
        tensor_sum(source, &made);
        return made;
      default:
        tensor_mul_scalar(source, tensor_scalar_double(2), &made);
        return made;
    }
  }
  // Gives back what is only borrowed.
  void release(const Lent& lent) {
    if (lent.read_count > 0) tensor_release(lent.read[choices.below(lent.read_count)]);
  }
  bool is_borrowed(const tensor_t* t) const {
    return std::find(world.borrowed.begin(), world.borrowed.end(), t) != world.borrowed.end();
  }
  void switch_modes() {
    tensor_grad_enabled_set(choices.coin(), nullptr);
    tensor_inference_mode_set(choices.one_in(4), nullptr);
  }

  World& world;
  SeededChoices choices;

 private:
  const size_t borrowed_, floor_, hooks_;
  const bool fenced_;
  const bool calling_;
};

// A function of the inputs that has a derivative.
tensor_status_t function_of(Choices& choices, const Lent& lent, tensor_t** out) {
  if (lent.read_count == 0) return tensor_set_last_error(TENSOR_ERROR_VALUE, "no inputs");
  const tensor_t* const x = lent.read[choices.below(lent.read_count)];
  const tensor_t* const y = lent.read[choices.below(lent.read_count)];
  switch (choices.below(6)) {
    case 0:
      return tensor_mul(x, y, out);
    case 1:
      return tensor_tanh(x, out);
    case 2:
      return tensor_matmul(x, y, out);
    case 3:
      return tensor_exp(x, out);
    case 4:
      return tensor_retain(const_cast<tensor_t*>(x), out);
    default:
      return tensor_sum(x, out);
  }
}

tensor_status_t misbehave(Frame& frame, const Lent& lent) {
  switch (frame.choices.below(16)) {
    case 0:
      return frame.fail();
    case 1:
    case 2:
      frame.call_back();
      return TENSOR_OK;
    case 3:
      if (lent.written_count) {
        tensor_t*& place = lent.written[frame.choices.below(lent.written_count)];
        tensor_t* const before = std::exchange(place, frame.result(lent));
        // What the callback itself had written there is its own again.
        if (before != place && !frame.is_borrowed(before)) tensor_release(before);
      }
      return TENSOR_OK;
    case 4:
      frame.release(lent);
      return TENSOR_OK;
    case 5:
      frame.switch_modes();
      return TENSOR_OK;
    case 6:
      frame.call_back();
      return frame.fail();
    default:
      return TENSOR_OK;
  }
}

}  // namespace

bool is_alive(const void* registration) {
  return registration && static_cast<const Registration*>(registration)->world;
}

tensor_status_t answer(Registration* registration, const Lent& lent) {
  Frame frame(*registration, lent);
  return misbehave(frame, lent);
}

// The fuzzer's own look at a tensor may warn, too.
tensor_status_t called(Registration* registration, const char*) {
  return registration->world->calling ? answer(registration, {}) : TENSOR_OK;
}

tensor_status_t compute(Registration* registration, const Lent& lent) {
  Frame frame(*registration, lent);
  for (size_t i = 0; i < lent.written_count; ++i) {
    const tensor_status_t status = function_of(frame.choices, lent, &lent.written[i]);
    if (status != TENSOR_OK) return status;
    if (frame.choices.coin()) {  // many derivatives are of one element
      tensor_t* sum = nullptr;
      if (tensor_sum(lent.written[i], &sum) != TENSOR_OK) continue;
      tensor_release(std::exchange(lent.written[i], sum));
    }
  }
  return misbehave(frame, lent);
}

tensor_status_t derive(Registration* registration, const Lent& lent) {
  Frame frame(*registration, lent);
  for (size_t i = 0; i < lent.written_count && lent.read_count > 0; ++i) {
    const tensor_t* const gradient = lent.read[frame.choices.below(lent.read_count)];
    if (gradient) tensor_mul_scalar(gradient, tensor_scalar_double(2), &lent.written[i]);
  }
  return misbehave(frame, lent);
}

// What is packed is a handle.
tensor_status_t pack(Registration* registration, tensor_t* t, void** packed) {
  const Lent lent = {&t, 1, nullptr, 0};
  Frame frame(*registration, lent);
  if (const tensor_status_t status = misbehave(frame, lent); status != TENSOR_OK) return status;
  // A scope would release it.
  if (frame.choices.one_in(8) || frame.world.scopes > 0) return TENSOR_OK;
  tensor_t *detached = nullptr, *copy = nullptr;
  if (tensor_detach(t, &detached) == TENSOR_OK) tensor_clone(detached, &copy);
  tensor_release(detached);
  if (copy) ++frame.world.held;
  *packed = copy;
  return TENSOR_OK;
}

tensor_status_t unpack(Registration* registration, void* packed, tensor_t** out) {
  const Lent lent = {nullptr, 0, out, 1};
  Frame frame(*registration, lent);
  const tensor_status_t status = tensor_retain(static_cast<tensor_t*>(packed), out);
  return status == TENSOR_OK ? misbehave(frame, lent) : status;
}

void discard(Registration* registration, void* packed) {
  if (!packed || !registration) return;
  World* const world = registration->world;
  if (world) --world->held;
  if (tensor_release(static_cast<tensor_t*>(packed)) != TENSOR_OK && world) {
    world->fail("what was packed is discarded twice");
  }
}

tensor_status_t locate(Registration* registration, char* buffer, size_t capacity, size_t* length) {
  Frame frame(*registration, {});
  if (const tensor_status_t status = misbehave(frame, {}); status != TENSOR_OK) return status;
  if (frame.choices.one_in(8)) return TENSOR_OK;
  static constexpr char kPlace[] = "program.c, line 7";
  if (length) *length = frame.choices.one_in(8) ? frame.choices.bits() : sizeof(kPlace) - 1;
  if (capacity > 0) std::strncpy(buffer, kPlace, capacity);
  return TENSOR_OK;
}

bool relieve(Registration* registration) {
  if (!is_alive(registration) || registration->world->looking) return false;
  Frame frame(*registration, {});
  Slot& slot = frame.world.slot(kTensor, frame.choices.bits());
  frame.world.empty(kTensor, slot);
  return registration->runs < 4 && frame.choices.coin();
}

namespace {

// What providers have given, which may outlive them.
struct Block {
  uint64_t bytes;
  bool on_cuda;
};
struct Given {
  std::mutex mutex;
  std::map<void*, Block> blocks;
};
Given& given() {
  static Given* const all = new Given;
  return *all;
}

}  // namespace

void* allocate(Registration* registration, uint64_t bytes) {
  // Without a registration nobody knows of which device.
  if (!registration || registration->seed % 4 == 0) return nullptr;
  const bool on_cuda = registration->device.type == TENSOR_CUDA;
  void* data = nullptr;
  if (!on_cuda) data = std::aligned_alloc(64, bytes);
  if (on_cuda && registration->device.index <= 0) data = cuda_memory(bytes);
  const std::lock_guard lock(given().mutex);
  if (data) given().blocks[data] = {bytes, on_cuda};
  return data;
}

void give_back(Registration* registration, void* data, uint64_t bytes) {
  const std::lock_guard lock(given().mutex);
  const auto found = given().blocks.find(data);
  if (found == given().blocks.end() || found->second.bytes != bytes) {
    if (is_alive(registration))
      registration->world->fail("a provider gets back what it has not given");
    return;
  }
  found->second.on_cuda ? emulator()->free(data) : std::free(data);
  given().blocks.erase(found);
}

void destroyed(Registration* registration) {
  if (!registration) return;
  ++registration->destroyed;
  if (!registration->world || registration->seed % 8 != 0) return;
  Frame frame(*registration, {.last = true});
  // Whether a result of the call around is made before or after is the library's affair, so that
  // no scope is left open or closed that the result may belong to.
  World& world = frame.world;
  const size_t open = world.scopes, pushed = world.hooks;
  ++world.destroying;
  frame.call_back();
  --world.destroying;
  for (; world.hooks > pushed; --world.hooks) tensor_saved_tensors_hooks_pop();
  while (world.scopes > open) {
    world.close_scope(nullptr, 0);
    tensor_scope_pop(nullptr, 0);
  }
}

}  // namespace test
