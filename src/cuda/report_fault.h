// The device's side of faults.h. Include in .cu files only.
#pragma once

#include <device_language.h>

#include "core/checked_index.h"
#include "cuda/faults.h"

namespace libtensor::cuda {

__device__ inline void report_fault(const FaultReporter& reporter, int64_t value) {
  FaultRecord& record = *reporter.record;
  const unsigned long long claimed = static_cast<volatile FaultRecord&>(record).claimed;
  if (claimed != static_cast<volatile FaultRecord&>(record).seen) return;  // not the first
  if (atomicCAS(&record.claimed, claimed, claimed + 1) != claimed) return;
  record.site = reporter.site;
  record.value = value;
  __threadfence_system();
  static_cast<volatile FaultRecord&>(record).published = claimed + 1;
}

// Reads an index; says whether it is within [0, size), and reports it where it is not.
template <class I>
__device__ bool read_good_index(const FaultReporter& reporter, const I* at, int64_t size,
                                int64_t& index) {
  index = read_index(at);
  if (is_within(index, size)) return true;
  report_fault(reporter, index);
  return false;
}

}  // namespace libtensor::cuda
