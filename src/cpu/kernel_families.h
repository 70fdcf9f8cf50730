// The files of kernels other than pointwise ones (cpu/generated/functor_families.h).
#pragma once

#include "cpu/kernel_tables.h"

namespace libtensor::cpu {

void fill_convert(KernelTables& tables);
void fill_reduce(KernelTables& tables);
void fill_softmax(KernelTables& tables);
void fill_gemm(KernelTables& tables);
void fill_gemv(KernelTables& tables);

}  // namespace libtensor::cpu
