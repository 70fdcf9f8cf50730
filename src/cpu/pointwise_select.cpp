// Kernels of the family Select in src/ops/table.toml.
#include "core/scalar_math.h"
#include "cpu/kernel_families.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/pointwise_select.cpp"
#include <hwy/foreach_target.h>

#include "cpu/pointwise_kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {
void FillSelect(KernelTables& tables) { AddFamily(tables, SelectFunctors()); }
}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
HWY_EXPORT(FillSelect);
void fill_select(KernelTables& tables) { HWY_DYNAMIC_DISPATCH(FillSelect)(tables); }
}  // namespace libtensor::cpu
#endif
