#include "cpu/random.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <numbers>
#include <optional>
#include <random>
#include <type_traits>

#include "core/calls/random.h"
#include "core/fork.h"
#include "cpu/box_muller.h"
#include "cpu/cpu_kernel.h"
#include "cpu/mt19937.h"

namespace libtensor::cpu {
namespace {

// A process that sets no seed draws different numbers each time, as in PyTorch; 53 bits, so that
// the seed can be printed and given back as a double.
uint64_t unpredictable_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32 | device()) & ((uint64_t{1} << 53) - 1);
}

// What a call of torch.manual_seed resets.
struct State {
  explicit State(uint64_t initial_seed) : seed(initial_seed), engine(initial_seed) {}

  uint64_t seed;
  Mt19937 engine;
  // Single normal numbers come in pairs; the second one waits here for the next call.
  std::optional<double> next_normal;
};

template <class T>
constexpr bool kIsHalf = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// The least float that rounds to 1.
template <class T>
constexpr float kRoundsToOne = 0;
template <>
constexpr float kRoundsToOne<Half> = 1.0f - 0x1.0p-12f;
template <>
constexpr float kRoundsToOne<BFloat16> = 1.0f - 0x1.0p-9f;

// As many random bits as the significand has, as a fraction.
double uniform_from(uint64_t bits) {
  constexpr uint64_t mask = (uint64_t{1} << 53) - 1;
  return static_cast<double>(static_cast<int64_t>(bits & mask)) * 0x1.0p-53;
}

float uniform_from(uint32_t bits) {
  constexpr uint32_t mask = (uint32_t{1} << 24) - 1;
  return static_cast<float>(static_cast<int32_t>(bits & mask)) * 0x1.0p-24f;
}

template <class T>
void fill_uniform(T* out, int64_t count, State& generator) {
  constexpr int64_t kChunk = 256;
  constexpr int64_t kWordsEach = sizeof(T) / sizeof(uint32_t);
  uint32_t words[kChunk * kWordsEach];
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t size = std::min(kChunk, count - begin);
    generator.engine.fill(words, size * kWordsEach);
    for (int64_t i = 0; i < size; ++i) {
      if constexpr (kWordsEach == 1) {
        out[begin + i] = uniform_from(words[i]);
      } else {
        out[begin + i] = uniform_from(Mt19937::join(words[2 * i], words[2 * i + 1]));
      }
    }
  }
}

// Normal numbers in all whole blocks. What is left over is drawn too, and stays uniform.
template <class T>
void fill_normal_blocks(T* out, int64_t count, State& generator) {
  fill_uniform(out, count, generator);
  box_muller(out, count / kBoxMullerBlock);
}

// Numbers of a half type are those of float, rounded.
template <class T, class FillFloats>
void fill_rounded(T* out, int64_t count, FillFloats&& fill_floats) {
  constexpr int64_t kChunk = 32 * kBoxMullerBlock;
  float values[kChunk];
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t size = std::min(kChunk, count - begin);
    fill_floats(values, size);
    for (int64_t i = 0; i < size; ++i) out[begin + i] = T(values[i]);
  }
}

template <class T>
requires kIsHalf<T>
void fill_uniform(T* out, int64_t count, State& generator) {
  fill_rounded(out, count, [&](float* values, int64_t size) {
    fill_uniform(values, size, generator);
    // What would round up to 1, which is no longer in the range, becomes 0.
    for (int64_t i = 0; i < size; ++i) {
      if (values[i] >= kRoundsToOne<T>) values[i] = 0;
    }
  });
}

// Nothing is drawn here for what is left over.
template <class T>
requires kIsHalf<T>
void fill_normal_blocks(T* out, int64_t count, State& generator) {
  fill_rounded(out, count / kBoxMullerBlock * kBoxMullerBlock,
               [&](float* values, int64_t size) { fill_normal_blocks(values, size, generator); });
}

// The next of a stream of normal numbers; in double whatever the dtype.
double single_normal(State& generator) {
  double value;
  if (generator.next_normal) {
    value = *generator.next_normal;
    generator.next_normal.reset();
  } else {
    const double u1 = uniform_from(generator.engine.next64());
    const double u2 = uniform_from(generator.engine.next64());
    const double radius = std::sqrt(-2.0 * std::log1p(-u2));
    const double angle = 2.0 * std::numbers::pi * u1;
    generator.next_normal = radius * std::sin(angle);
    value = radius * std::cos(angle);
  }
  return value + 0.0;  // the mean: it turns -0 into 0
}

template <class T>
T convert_normal(double value) {
  if constexpr (std::is_same_v<T, double>) {
    return value;
  } else {
    return T(static_cast<float>(value));
  }
}

template <class T>
void fill_normal(T* out, int64_t count, bool row_major, State& generator) {
  if (count < kBoxMullerBlock || !row_major) {
    for (int64_t i = 0; i < count; ++i) out[i] = convert_normal<T>(single_normal(generator));
    return;
  }
  fill_normal_blocks(out, count, generator);
  if (count % kBoxMullerBlock != 0) {
    // The last 16 are drawn anew, those included that a whole block has given already.
    fill_normal_blocks(out + count - kBoxMullerBlock, kBoxMullerBlock, generator);
  }
}

template <class T>
void fill(T* out, const RandomCall& call, State& generator) {
  if (call.distribution == Distribution::kUniform) {
    fill_uniform(out, call.numel, generator);
  } else {
    fill_normal(out, call.numel, call.row_major, generator);
  }
}

// What torch.get_rng_state() holds, field by field. `left` and `next` are how PyTorch counts the
// words of the round: it makes the next one when `left` falls to 0.
struct StateBytes {
  uint64_t seed;
  int32_t left;
  int32_t seeded;
  uint64_t next;
  uint64_t words[Mt19937::kWords];
  double unused_x, next_normal, unused_rho;
  int32_t has_next_normal;
  float unused_float;
  bool unused_valid;
};
static_assert(sizeof(StateBytes) == 5056 && offsetof(StateBytes, has_next_normal) == 5040);

std::vector<unsigned char> bytes_of(const State& generator) {
  const Mt19937::State& state = generator.engine.state();
  StateBytes all{};
  all.seed = generator.seed;
  all.seeded = 1;
  const bool used_up = state.used == Mt19937::kWords;
  all.left = used_up ? 1 : Mt19937::kWords + 1 - state.used;
  all.next = used_up ? 0 : static_cast<uint64_t>(state.used);
  std::copy(state.words.begin(), state.words.end(), all.words);
  all.has_next_normal = generator.next_normal.has_value();
  all.next_normal = generator.next_normal.value_or(0);
  std::vector<unsigned char> bytes(sizeof(StateBytes));
  std::memcpy(bytes.data(), &all, sizeof(all));
  return bytes;
}

State state_of(std::span<const unsigned char> bytes) {
  check(bytes.size() == sizeof(StateBytes), "Expected a CPUGeneratorImplState of size ",
        sizeof(StateBytes), " but found the input RNG state size to be ", bytes.size());
  StateBytes all;
  std::memcpy(&all, bytes.data(), sizeof(all));
  check(all.seeded == 1 && all.left >= 1 && all.left <= Mt19937::kWords &&
            all.next <= Mt19937::kWords,
        "Invalid mt19937 state");
  Mt19937::State words;
  std::copy(all.words, all.words + Mt19937::kWords, words.words.begin());
  words.used = all.left == 1 ? Mt19937::kWords : static_cast<int>(all.next);
  State state(all.seed);
  state.engine = Mt19937(words);
  if (all.has_next_normal) state.next_normal = all.next_normal;
  return state;
}

class CpuGenerator final : public Generator {
 public:
  void manual_seed(uint64_t seed) override {
    const std::lock_guard lock(mutex_);
    state_.emplace(seed);
  }
  uint64_t initial_seed() override {
    const std::lock_guard lock(mutex_);
    return seeded().seed;
  }
  std::vector<unsigned char> state() override {
    const std::lock_guard lock(mutex_);
    return bytes_of(seeded());
  }
  void set_state(std::span<const unsigned char> bytes) override {
    const State state = state_of(bytes);
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  template <class T>
  void draw(T* out, const RandomCall& call) {
    const std::lock_guard lock(mutex_);
    fill(out, call, seeded());
  }

 private:
  // Seeded when first asked for, with the lock held: forked children that come before it differ.
  State& seeded() {
    if (!state_) state_.emplace(unpredictable_seed());
    return *state_;
  }

  ForkSafeMutex mutex_{LockLevel::kGenerator};
  std::optional<State> state_;
};

void random(const RandomCall& call) {
  auto& generator = static_cast<CpuGenerator&>(*call.generator);
  dispatch(call.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      fail(Status::kInternal, "random numbers of dtype ", name_of(call.dtype));
    } else {
      generator.draw(static_cast<T*>(call.out), call);
    }
  });
}

const CpuKernel<random> add_random;

}  // namespace

Generator& default_generator() { return Eternal<CpuGenerator>::get(); }

}  // namespace libtensor::cpu
