// How many threads a process may usefully run.
#pragma once

namespace libtensor::cpu {

// Processors that the process may run on, at least one. Those of its main thread: the calling one
// may have bound itself to some.
int allowed_cores() noexcept;
// Lets the calling thread run on all of these.
void use_allowed_cores() noexcept;

// The processor time that control groups grant the process, in processors, rounded up; INT_MAX
// where there is no limit. The system's files are looked for under `root`.
int cpu_quota(const char* root = "") noexcept;

// Threads that run at once: the lesser of the two.
int usable_cores() noexcept;
// What OMP_NUM_THREADS says, as OpenMP and PyTorch take it, or else usable_cores().
int default_threads() noexcept;

}  // namespace libtensor::cpu
