// A matrix times a vector, once per instruction set. Memory sets the pace, so nothing is packed.
#include "cpu/kernel_tables.h"
#include "cpu/matmul.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemv_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/partial_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

template <class T>
HWY_INLINE HWY_ATTR void StoreScaled(T* out, T sum, const GemvArguments& g) {
  const T scaled = static_cast<T>(g.alpha) * sum;
  *out = g.beta == 0 ? scaled : scaled + static_cast<T>(g.beta) * *out;
}

// Rows lie contiguous: one dot product for each.
template <class T>
HWY_INLINE HWY_ATTR void DotRows(const GemvArguments& g) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = HWY_LANES(T);
  const T* const x = static_cast<const T*>(g.x);
  for (int64_t i = 0; i < g.rows; ++i) {
    const T* const row = static_cast<const T*>(g.matrix) + i * g.row_stride;
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    int64_t p = 0;
    for (; p + 4 * kLanes <= g.depth; p += 4 * kLanes) {
      s0 = hn::MulAdd(hn::LoadU(d, row + p), hn::LoadU(d, x + p), s0);
      s1 = hn::MulAdd(hn::LoadU(d, row + p + kLanes), hn::LoadU(d, x + p + kLanes), s1);
      s2 = hn::MulAdd(hn::LoadU(d, row + p + 2 * kLanes), hn::LoadU(d, x + p + 2 * kLanes), s2);
      s3 = hn::MulAdd(hn::LoadU(d, row + p + 3 * kLanes), hn::LoadU(d, x + p + 3 * kLanes), s3);
    }
    for (; p + kLanes <= g.depth; p += kLanes)
      s0 = hn::MulAdd(hn::LoadU(d, row + p), hn::LoadU(d, x + p), s0);
    if (p < g.depth) {
      const int64_t rest = g.depth - p;
      s1 = hn::MulAdd(LoadPartial(d, row + p, rest), LoadPartial(d, x + p, rest), s1);
    }
    const auto sum = hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
    StoreScaled(static_cast<T*>(g.out) + i, hn::GetLane(hn::SumOfLanes(d, sum)), g);
  }
}

// Neighbouring rows lie side by side: a vector of sums for each vector of rows.
template <class T>
HWY_INLINE HWY_ATTR void SumColumns(const GemvArguments& g) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = HWY_LANES(T);
  constexpr int kVectors = 8;
  constexpr int64_t kWidth = kVectors * kLanes;
  const T* const x = static_cast<const T*>(g.x);
  HWY_ALIGN T sums[kWidth];
  for (int64_t i = 0; i < g.rows; i += kWidth) {
    const T* line = static_cast<const T*>(g.matrix) + i;
    const int64_t width = g.rows - i < kWidth ? g.rows - i : kWidth;
    if (width == kWidth) {
      hn::Vec<decltype(d)> s[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) s[v] = hn::Zero(d);
      for (int64_t p = 0; p < g.depth; ++p, line += g.depth_stride) {
        const auto value = hn::Set(d, x[p]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
          s[v] = hn::MulAdd(hn::LoadU(d, line + v * kLanes), value, s[v]);
      }
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) hn::Store(s[v], d, sums + v * kLanes);
    } else {
      for (int64_t j = 0; j < width; j += kLanes) {
        const int64_t rest = width - j;
        auto sum = hn::Zero(d);
        const T* part = line + j;
        for (int64_t p = 0; p < g.depth; ++p, part += g.depth_stride) {
          const auto values = rest >= kLanes ? hn::LoadU(d, part) : LoadPadded(d, part, rest);
          sum = hn::MulAdd(values, hn::Set(d, x[p]), sum);
        }
        hn::Store(sum, d, sums + j);
      }
    }
    for (int64_t j = 0; j < width; ++j) StoreScaled(static_cast<T*>(g.out) + i + j, sums[j], g);
  }
}

template <class T>
HWY_ATTR void Gemv(const GemvArguments& g) {
  if (g.depth_stride == 1)
    DotRows<T>(g);
  else
    SumColumns<T>(g);
}

void FillGemv() {
  gemv_kernels[static_cast<int>(DType::kFloat32)] = Gemv<float>;
  gemv_kernels[static_cast<int>(DType::kFloat64)] = Gemv<double>;
}

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
constinit GemvKernel gemv_kernels[kDTypeCount] = {};
HWY_EXPORT(FillGemv);
namespace {
const KernelFile file([] { HWY_DYNAMIC_DISPATCH(FillGemv)(); });
}  // namespace
}  // namespace libtensor::cpu
#endif
