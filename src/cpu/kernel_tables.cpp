#include "cpu/kernel_tables.h"

#include "cpu/targets.h"

#include <hwy/targets.h>

#include "cpu/generated/functor_families.h"

namespace libtensor::cpu {
namespace {

constinit KernelFile* files = nullptr;

}  // namespace

constinit KernelTables kernels = {};

KernelFile::KernelFile(void (*fill)()) noexcept : fill_(fill), next_(files) {
  files = this;
  fill();
}

void choose_kernels(int64_t allowed) {
  hwy::SetSupportedTargetsForTest(allowed);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  for (const KernelFile* file = files; file; file = file->next_) file->fill_();
  hwy::SetSupportedTargetsForTest(0);
}

namespace {

const KernelFile pointwise_files([] {
  for (FillTables fill : kFillPointwise) fill(kernels);
});

}  // namespace
}  // namespace libtensor::cpu
