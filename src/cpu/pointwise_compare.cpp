// Kernels of the family Compare in src/ops/table.toml.
#include "core/scalar_math.h"
#include "cpu/kernel_families.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/pointwise_compare.cpp"
#include <hwy/foreach_target.h>

#include "cpu/pointwise_kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {
void FillCompare(KernelTables& tables) { AddFamily(tables, CompareFunctors()); }
}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
HWY_EXPORT(FillCompare);
void fill_compare(KernelTables& tables) { HWY_DYNAMIC_DISPATCH(FillCompare)(tables); }
}  // namespace libtensor::cpu
#endif
