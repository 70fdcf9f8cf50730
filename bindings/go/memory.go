package libtensor

// #include "memory.h"
import "C"

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// defaultMemoryBudget is what tensors on the CPU may hold before the collector is run for them.
const defaultMemoryBudget = 512 << 20

// The collector sees a few bytes of each Tensor and not the memory behind it, so it would come far
// too late. The library calls libtensorPressed instead, before its reserved memory grows past a limit of
// ours. As the collector does with Go's memory, the limit goes up where what is live needs it.
var memory struct {
	sync.Mutex
	budget, limit uint64
	collected     uint64 // of `finalized`, when that was last looked at
	collections   uint64 // atomic
}

// finalized counts the tensors that the collector gave back. Atomic.
var finalized uint64

func init() { _ = SetMemoryBudget(defaultMemoryBudget) }

// SetMemoryBudget says how many bytes of memory tensors on the CPU may take before Go's collector is
// run, so that those that nothing refers to any more go. Where more than half of it is live, twice
// the live bytes count instead: no operation fails for the budget. 0 is no budget; at first it is 512
// MiB. Tensors of at most 1 KiB do not count.
func SetMemoryBudget(bytes uint64) error {
	memory.Lock()
	defer memory.Unlock()
	if bytes == 0 {
		bytes = math.MaxUint64
	}
	if err := errorOf(C.go_watch_memory(CPU.raw())); err != nil {
		return err
	}
	memory.budget = bytes
	if err := setMemoryLimit(bytes); err != nil {
		return err
	}
	if reserved, err := MemoryReserved(); err != nil || reserved <= bytes {
		return err
	}
	collect()
	return errorOf(C.go_empty_cache(CPU.raw()))
}

func setMemoryLimit(bytes uint64) error {
	memory.limit = bytes
	return errorOf(C.go_set_memory_budget(CPU.raw(), C.uint64_t(bytes)))
}

// libtensorPressed says whether the library should try again to allocate.
//
//export libtensorPressed
func libtensorPressed(_ unsafe.Pointer, device C.tensor_device_t, bytes C.uint64_t) C.bool {
	before := atomic.LoadUint64(&memory.collections)
	memory.Lock()
	defer memory.Unlock()
	if atomic.LoadUint64(&memory.collections) != before {
		return true // while this one waited, another goroutine's call has collected
	}
	freed := collect()
	atomic.AddUint64(&memory.collections, 1)
	raised := device == CPU.raw() && moveMemoryLimit(uint64(bytes), freed)
	return C.bool(freed || raised)
}

// collect runs the collector and waits for its finalizers. Did it find tensors, now or in runs of its
// own since the last time? Such a run may have come just after the library found no room.
func collect() bool {
	// Finalizers run on one goroutine, those of one collection in an order of their own: when one of
	// the second has run, all of the first have.
	for i := 0; i < 2; i++ {
		last := make(chan struct{})
		runtime.SetFinalizer(&struct{ _ [16]byte }{}, func(interface{}) { close(last) })
		runtime.GC()
		select {
		case <-last:
		case <-time.After(time.Second): // this may be the finalizers' goroutine itself
		}
	}
	before := memory.collected
	memory.collected = atomic.LoadUint64(&finalized)
	return memory.collected != before
}

// moveMemoryLimit makes it what live tensors and `bytes` more need; has it gone up?
func moveMemoryLimit(bytes uint64, freed bool) bool {
	const growth = 64 << 20 // the library reserves at most this much more than it is asked for
	result := C.go_memory_levels(CPU.raw())
	if memory.budget == math.MaxUint64 || errorOf(result) != nil {
		return false
	}
	if bytes > uint64(C.go_physical_memory()) {
		return false // it will fail, and the limit would stay up there
	}
	allocated, reserved := uint64(result.first), uint64(result.second)
	next, previous := memory.budget, memory.limit
	if needed := 2 * (allocated + bytes); needed > next {
		next = needed
	}
	if !freed && next <= previous && reserved+bytes+growth > previous {
		next = previous + previous/2 // what is free lies in pieces
	}
	return setMemoryLimit(next) == nil && next > previous
}

// MemoryReserved is how many bytes the library holds for tensors on the CPU.
func MemoryReserved() (uint64, error) {
	result := C.go_memory_levels(CPU.raw())
	return uint64(result.second), errorOf(result)
}

var watchedCUDA sync.Map

// watchCUDA has the collector run when the memory of a CUDA device is out.
func watchCUDA(device Device) {
	if _, watched := watchedCUDA.LoadOrStore(device, true); !watched {
		_ = errorOf(C.go_watch_memory(device.raw()))
	}
}
