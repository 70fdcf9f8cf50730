/* The calls that code of kernels makes before each access (hooks.txt of the emulator): nobody asks.
 */

#define HOOK(name) \
  void name(void); \
  void name(void) {}

HOOK(cuda_emulator_func_entry)
HOOK(cuda_emulator_func_exit)
HOOK(cuda_emulator_vptr_update)
HOOK(cuda_emulator_vptr_read)
HOOK(cuda_emulator_read1)
HOOK(cuda_emulator_write1)
HOOK(cuda_emulator_read2)
HOOK(cuda_emulator_write2)
HOOK(cuda_emulator_unaligned_read2)
HOOK(cuda_emulator_unaligned_write2)
HOOK(cuda_emulator_read4)
HOOK(cuda_emulator_write4)
HOOK(cuda_emulator_unaligned_read4)
HOOK(cuda_emulator_unaligned_write4)
HOOK(cuda_emulator_read8)
HOOK(cuda_emulator_write8)
HOOK(cuda_emulator_unaligned_read8)
HOOK(cuda_emulator_unaligned_write8)
HOOK(cuda_emulator_read16)
HOOK(cuda_emulator_write16)
HOOK(cuda_emulator_unaligned_read16)
HOOK(cuda_emulator_unaligned_write16)
HOOK(cuda_emulator_read_range)
HOOK(cuda_emulator_write_range)
HOOK(cuda_emulator_init)
