#include "cpu/kernel_tables.h"

#include "cpu/targets.h"

#include <hwy/targets.h>

#include "cpu/kernel_families.h"

namespace libtensor::cpu {

constinit KernelTables kernels = {};

void choose_kernels(int64_t allowed) {
  hwy::SetSupportedTargetsForTest(allowed);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  for (FillTables fill : {fill_arithmetic, fill_math, fill_compare, fill_select, fill_convert,
                          fill_reduce, fill_softmax, fill_gemm, fill_gemv}) {
    fill(kernels);
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace libtensor::cpu
