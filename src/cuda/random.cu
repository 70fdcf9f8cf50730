// Random numbers as PyTorch draws them on CUDA: which thread draws which of an element's numbers
// follows its DistributionTemplates.h (calc_execution_policy and the grid-stride kernel), and how
// words become numbers follows cuRAND's curand_uniform.h and curand_normal.h. Threads beyond a
// device's capacity are never started, so large tensors differ between devices, as in PyTorch.
#include <algorithm>
#include <cmath>

#include "core/calls/random.h"
#include "cuda/cuda_kernel.h"
#include "cuda/elements.h"
#include "cuda/launch.h"
#include "cuda/philox.h"
#include "cuda/philox_generator.h"

namespace libtensor::cuda {
namespace {

constexpr uint32_t kThreads = 256;
constexpr uint32_t kWordsPerStep = 4;

// Four words give `kCount` numbers of type A.
template <class A>
struct Numbers {
  static constexpr uint32_t kCount = std::is_same_v<A, double> ? 2 : 4;
  A values[kCount];
};

// In (0, 1].
__device__ Numbers<float> uniform(PhiloxWords words, float) {
  constexpr float kScale = 2.3283064e-10f;  // 2^-32
  Numbers<float> numbers;
  for (int i = 0; i < 4; ++i) {
    numbers.values[i] = static_cast<float>(words.values[i]) * kScale + kScale / 2.0f;
  }
  return numbers;
}

__device__ uint64_t join(uint32_t low, uint32_t high) { return low ^ (uint64_t{high} << 21); }

__device__ Numbers<double> uniform(PhiloxWords words, double) {
  constexpr double kScale = 0x1.0p-53;
  Numbers<double> numbers;
  for (int i = 0; i < 2; ++i) {
    const uint64_t bits = join(words.values[2 * i], words.values[2 * i + 1]);
    numbers.values[i] = static_cast<double>(bits) * kScale + kScale / 2.0;
  }
  return numbers;
}

__device__ Numbers<float> normal(PhiloxWords words, float) {
  constexpr float kScale = 2.3283064e-10f;
  constexpr float kAngle = 2.3283064e-10f * 6.2831855f;
  Numbers<float> numbers;
  for (int i = 0; i < 4; i += 2) {
    const float u = static_cast<float>(words.values[i]) * kScale + kScale / 2;
    const float v = static_cast<float>(words.values[i + 1]) * kAngle + kAngle / 2;
    const float radius = std::sqrt(-2.0f * std::log(u));
    float sine, cosine;
    __sincosf(v, &sine, &cosine);
    numbers.values[i] = sine * radius;
    numbers.values[i + 1] = cosine * radius;
  }
  return numbers;
}

__device__ Numbers<double> normal(PhiloxWords words, double) {
  constexpr double kScale = 0x1.0p-53;
  const uint64_t first = join(words.values[0], words.values[1]);
  const uint64_t second = join(words.values[2], words.values[3]);
  const double u = static_cast<double>(first) * kScale + kScale / 2.0;
  const double v = static_cast<double>(second) * (kScale * 2.0) + kScale;
  const double radius = std::sqrt(-2.0 * std::log(u));
  double sine, cosine;
  sincospi(v, &sine, &cosine);
  return {{sine * radius, cosine * radius}};
}

// 1 is no longer in the range, in whatever dtype the number rounds to it.
template <class S, class A>
__device__ S below_one(A number) {
  const S value = convert<S>(number);
  return convert<A>(value) == A(1) ? convert<S>(A(0)) : value;
}

template <class S, bool kNormal>
__global__ void __launch_bounds__(kThreads, 4)
    random_kernel(S* out, uint64_t numel, PhiloxState state) {
  using A = ComputeOf<S>;
  constexpr uint32_t kCount = Numbers<A>::kCount;
  const uint64_t thread = uint64_t{blockIdx.x} * kThreads + threadIdx.x;
  const uint64_t threads = uint64_t{gridDim.x} * kThreads;
  uint64_t block = state.offset / kWordsPerStep;
  for (uint64_t first = thread; first < numel; first += threads * kCount, ++block) {
    const PhiloxWords words = philox(state.seed, thread, block);
    const Numbers<A> numbers = kNormal ? normal(words, A()) : uniform(words, A());
    for (uint32_t i = 0; i < kCount; ++i) {
      const uint64_t at = first + i * threads;
      if (at >= numel) break;
      out[at] = kNormal ? convert<S>(numbers.values[i]) : below_one<S>(numbers.values[i]);
    }
  }
}

void random(const Context& context, const RandomCall& call) {
  const auto numel = static_cast<uint64_t>(call.numel);
  auto& generator = static_cast<PhiloxGenerator&>(*call.generator);
  const uint64_t most = generator.most_blocks(kThreads);
  const auto grid = static_cast<uint32_t>(std::min(most, ceil_div(numel, uint64_t{kThreads})));
  PhiloxTurn turn(generator);
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    constexpr uint32_t kCount = Numbers<ComputeOf<S>>::kCount;
    const bool normal = call.distribution == Distribution::kNormal;
    launch(normal ? random_kernel<S, true> : random_kernel<S, false>,
           {normal ? "normal_" : "uniform_", context.stream, grid, kThreads},
           static_cast<S*>(call.out), numel, turn.state());
    turn.advance(((numel - 1) / (uint64_t{kThreads} * grid * kCount) + 1) * kWordsPerStep);
  });
}

const CudaKernel<random> add_random;

}  // namespace
}  // namespace libtensor::cuda
