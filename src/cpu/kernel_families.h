// One function per file of kernels: writes its entries, for the target that Highway has chosen.
#pragma once

#include "cpu/kernel_tables.h"

namespace libtensor::cpu {

using FillTables = void (*)(KernelTables& tables);

void fill_arithmetic(KernelTables& tables);
void fill_math(KernelTables& tables);
void fill_compare(KernelTables& tables);
void fill_select(KernelTables& tables);
void fill_convert(KernelTables& tables);
void fill_reduce(KernelTables& tables);
void fill_softmax(KernelTables& tables);
void fill_gemm(KernelTables& tables);
void fill_gemv(KernelTables& tables);

}  // namespace libtensor::cpu
