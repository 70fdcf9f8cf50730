/* What the null runtime counts: exported by libtensor_cuda_null.so, found with dlsym. */
#ifndef CUDA_NULL_COUNTS_H
#define CUDA_NULL_COUNTS_H

#include <stdint.h>

typedef struct {
  uint64_t launches; /* kernels and cuBLAS's products */
  uint64_t copies;   /* and fills */
  uint64_t waits;    /* calls in which the host waits for the device */
  uint64_t events;   /* recorded, asked, waited for by a stream, created or destroyed */
  uint64_t driver;   /* calls that take memory from the driver or give it back */
} cuda_null_counts_t;

/* Since the last call of cuda_null_reset. One thread. */
#ifdef __cplusplus
extern "C" {
#endif
void cuda_null_counts(cuda_null_counts_t* out);
void cuda_null_reset(void);
#ifdef __cplusplus
}
#endif

#endif /* CUDA_NULL_COUNTS_H */
