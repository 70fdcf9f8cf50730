// Which instruction sets kernels are compiled for. Include before <hwy/foreach_target.h>.
#pragma once

#include <hwy/detect_targets.h>

// SSSE3 alone is rare, and AVX3_DL adds nothing that these kernels use: leaving them out saves size
// and compile time. The scalable vectors of SVE and RVV have no size at compile time, which the
// kernels count on; NEON serves Arm.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
