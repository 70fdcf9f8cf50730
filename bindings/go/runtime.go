package libtensor

// #include "reads.h"
import "C"

// Version is the library's, 0xMMmmpp: major, minor, patch.
func Version() uint32 { return uint32(C.tensor_version()) }

// ManualSeed seeds the random numbers of all devices.
func ManualSeed(seed uint64) error { return errorOf(C.go_manual_seed(C.uint64_t(seed))) }

// SetNumThreads says how many threads an operation may use. Results do not depend on it.
func SetNumThreads(n int) error { return errorOf(C.go_set_num_threads(C.int32_t(n))) }

// NumThreads is how many threads an operation may use.
func NumThreads() int { return int(C.tensor_get_num_threads()) }

// CUDAIsAvailable says whether tensors can live on a CUDA device.
func CUDAIsAvailable() bool { return bool(C.tensor_cuda_is_available()) }

// CUDAUnavailableReason says why not; "" where they can.
func CUDAUnavailableReason() string { return C.GoString(C.tensor_cuda_unavailable_reason()) }

// LiveHandles counts the handles not released yet, in the whole process.
func LiveHandles() int { return int(C.tensor_live_handles()) }
