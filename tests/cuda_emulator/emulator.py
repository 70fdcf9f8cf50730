"""The emulated CUDA devices, for tests in Python: which library they are, and what was found wrong.

`LIBTENSOR_EMULATED_CUDA` names the library; `scripts/test` sets it.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from types import ModuleType


def path() -> str | None:
    """The emulated plug-in, where there is one."""
    named = os.environ.get("LIBTENSOR_EMULATED_CUDA")
    return named if named and os.path.exists(named) else None


@cache
def load(torch: ModuleType) -> ctypes.CDLL:
    """Make the emulated devices the CUDA devices of `torch`, and give the library itself."""
    torch.load_backend(path())
    library = ctypes.CDLL(path())
    library.cuda_emulator_report_count.restype = ctypes.c_size_t
    library.cuda_emulator_report.restype = ctypes.c_size_t
    library.cuda_emulator_report.argtypes = [ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.cuda_emulator_set_seed.argtypes = [ctypes.c_uint64]
    library.cuda_emulator_set_capacity.argtypes = [ctypes.c_size_t]
    library.cuda_emulator_fail_allocation.argtypes = [ctypes.c_int64]
    library.cuda_emulator_fail_launch.argtypes = [ctypes.c_int64]
    library.cuda_emulator_set_max_kernel_elements.argtypes = [ctypes.c_int64]
    library.cuda_emulator_waits.restype = ctypes.c_uint64
    return library


def reports(library: ctypes.CDLL) -> list[str]:
    """What was found wrong since the last call."""
    texts = []
    for i in range(library.cuda_emulator_report_count()):
        buffer = ctypes.create_string_buffer(2000)
        library.cuda_emulator_report(i, buffer, len(buffer))
        texts.append(buffer.value.decode())
    library.cuda_emulator_clear_reports()
    return texts
