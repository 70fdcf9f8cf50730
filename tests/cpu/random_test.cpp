// Random numbers, against what PyTorch 2.15 draws.
#include "cpu/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "core/calls/random.h"
#include "core/kernel_registry.h"
#include "cpu/box_muller.h"
#include "cpu/mt19937.h"

namespace libtensor::cpu {
namespace {

struct Record {
  uint64_t seed;
  Distribution distribution;
  DType dtype;
  int64_t numel;
  uint64_t first, last;  // bits of elements
  uint64_t checksum;     // FNV-1a of all bytes
};

#include "random_records.inc"

std::vector<unsigned char> draw(Distribution distribution, DType dtype, int64_t numel) {
  std::vector<unsigned char> bytes(numel * size_of(dtype));
  RandomCall call;
  call.distribution = distribution;
  call.dtype = dtype;
  call.numel = numel;
  call.out = bytes.data();
  call.generator = &default_generator();
  run_kernel(Device{}, call);
  return bytes;
}

uint64_t checksum(const std::vector<unsigned char>& bytes) {
  uint64_t value = 0xcbf29ce484222325u;
  for (unsigned char byte : bytes) value = (value ^ byte) * 0x100000001b3u;
  return value;
}

uint64_t element(const std::vector<unsigned char>& bytes, DType dtype, int64_t index) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data() + index * size_of(dtype), size_of(dtype));
  return bits;
}

// Doubles go through the C library's log, sin and cos, which need not agree in the last bit with
// those that the records were made with (glibc's).
#ifdef __GLIBC__
constexpr bool kRecordedLibm = true;
#else
constexpr bool kRecordedLibm = false;
#endif

bool depends_on_libm(const Record& record) {
  return !kRecordedLibm && record.distribution == Distribution::kNormal &&
         record.dtype == DType::kFloat64;
}

void expect_drawn(const Record& record) {
  SCOPED_TRACE(str("seed ", record.seed, ", distribution ", static_cast<int>(record.distribution),
                   ", ", name_of(record.dtype), ", numel ", record.numel));
  const auto bytes = draw(record.distribution, record.dtype, record.numel);
  if (record.numel == 0) return;
  const uint64_t first = element(bytes, record.dtype, 0);
  const uint64_t last = element(bytes, record.dtype, record.numel - 1);
  if (depends_on_libm(record)) {
    EXPECT_DOUBLE_EQ(std::bit_cast<double>(first), std::bit_cast<double>(record.first));
    EXPECT_DOUBLE_EQ(std::bit_cast<double>(last), std::bit_cast<double>(record.last));
  } else {
    EXPECT_EQ(first, record.first);
    EXPECT_EQ(last, record.last);
    EXPECT_EQ(checksum(bytes), record.checksum);
  }
}

TEST(Random, EqualsPyTorch) {
  for (const Record& record : kFresh) {
    default_generator().manual_seed(record.seed);
    expect_drawn(record);
  }
}

TEST(Random, SequenceEqualsPyTorch) {
  default_generator().manual_seed(kSequence[0].seed);
  for (const Record& record : kSequence) expect_drawn(record);
}

TEST(Random, SeedingForgetsTheSecondNormal) {
  default_generator().manual_seed(3);
  const auto first = draw(Distribution::kNormal, DType::kFloat32, 1);
  default_generator().manual_seed(3);
  EXPECT_EQ(draw(Distribution::kNormal, DType::kFloat32, 1), first);
  EXPECT_NE(draw(Distribution::kNormal, DType::kFloat32, 1), first);
}

TEST(Random, UniformHalvesStayBelowOne) {
  default_generator().manual_seed(1);
  const auto bytes = draw(Distribution::kUniform, DType::kBFloat16, 100000);
  for (int64_t i = 0; i < 100000; ++i) ASSERT_LT(element(bytes, DType::kBFloat16, i), 0x3f80u);
}

TEST(Random, IntegersAreRefused) {
  EXPECT_THROW(draw(Distribution::kUniform, DType::kInt32, 1), Error);
  default_generator().manual_seed(0);  // and the generator is not left locked
}

// What several threads draw is what one would have drawn, cut into calls in some order.
TEST(Random, Threads) {
  constexpr int kThreads = 4, kCalls = 200, kNumel = 40;
  using Call = std::vector<unsigned char>;
  default_generator().manual_seed(5);
  std::vector<std::vector<Call>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (auto& calls : drawn) {
    threads.emplace_back([&calls] {
      for (int i = 0; i < kCalls; ++i) {
        calls.push_back(draw(Distribution::kUniform, DType::kFloat32, kNumel));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<Call> together;
  for (auto& calls : drawn) together.insert(together.end(), calls.begin(), calls.end());

  default_generator().manual_seed(5);
  std::vector<Call> alone;
  for (int i = 0; i < kThreads * kCalls; ++i) {
    alone.push_back(draw(Distribution::kUniform, DType::kFloat32, kNumel));
  }
  std::sort(together.begin(), together.end());
  std::sort(alone.begin(), alone.end());
  EXPECT_EQ(together, alone);
}

TEST(Mt19937, EqualsTheStandardOne) {
  for (uint64_t seed : {uint64_t{0}, uint64_t{5489}, uint64_t{67280421310721}}) {
    std::mt19937 standard(static_cast<uint32_t>(seed));
    Mt19937 engine(seed);
    std::vector<uint32_t> words(3000);
    engine.fill(words.data(), 700);  // mixed with single words, across several rounds
    for (int i = 700; i < 710; ++i) words[i] = engine.next();
    engine.fill(words.data() + 710, 2290);
    for (uint32_t word : words) ASSERT_EQ(word, standard());
    const uint64_t upper = standard();
    EXPECT_EQ(engine.next64(), upper << 32 | standard());
  }
}

TEST(Mt19937, ContinuesFromASavedState) {
  Mt19937 engine(9);
  for (int i = 0; i < 1000; ++i) engine.next();
  Mt19937 copy(engine.state());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(copy.next(), engine.next());
}

// Every instruction set gives the same bits, at the ends of the range too.
TEST(BoxMuller, PortableVersionIsTheSame) {
  std::vector<float> values(1 << 16);
  Mt19937 engine(11);
  for (float& value : values) value = static_cast<float>(engine.next() >> 8) * 0x1.0p-24f;
  std::fill_n(values.begin(), 8, 0.0f);
  std::fill_n(values.begin() + 16, 16, 1.0f - 0x1.0p-24f);
  std::vector<float> portable = values;
  const int64_t blocks = static_cast<int64_t>(values.size()) / kBoxMullerBlock;
  box_muller(values.data(), blocks);
  box_muller_portable(portable.data(), blocks);
  EXPECT_EQ(std::memcmp(values.data(), portable.data(), values.size() * sizeof(float)), 0);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), 0u);  // never -0
}

}  // namespace
}  // namespace libtensor::cpu
