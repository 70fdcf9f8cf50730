// oneDNN's single-precision matrix product, loaded when it is first needed.
#pragma once

#include <cstdint>

namespace libtensor::cpu {

// dnnl_sgemm for row-major matrices, or nullptr where the library is not installed. Returns 0 on
// success.
using OneDnnSgemm = int (*)(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k,
                            float alpha, const float* a, int64_t a_stride, const float* b,
                            int64_t b_stride, float beta, float* c, int64_t c_stride);
OneDnnSgemm onednn_sgemm();

}  // namespace libtensor::cpu
