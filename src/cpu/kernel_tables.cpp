#include "cpu/kernel_tables.h"

#include "cpu/targets.h"

#include <hwy/targets.h>

#include "cpu/generated/functor_families.h"
#include "cpu/kernel_families.h"

namespace libtensor::cpu {

constinit KernelTables kernels = {};

void choose_kernels(int64_t allowed) {
  hwy::SetSupportedTargetsForTest(allowed);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  for (FillTables fill : kFillPointwise) fill(kernels);
  for (FillTables fill : {fill_convert, fill_reduce, fill_softmax, fill_gemm, fill_gemv}) {
    fill(kernels);
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace libtensor::cpu
