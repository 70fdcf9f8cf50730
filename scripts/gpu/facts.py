"""What a machine has: its GPUs, driver, Python, and which cuBLAS the library really loads.

usage: facts.py    (one JSON object; 1: there is something that everything else suffers from)
"""

from __future__ import annotations

import ctypes
import glob
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

GPU_FIELDS = (
    "name,driver_version,compute_cap,memory.total,pstate,clocks.max.sm,clocks.max.memory,"
    "power.limit,ecc.mode.current,mig.mode.current,compute_mode,persistence_mode"
).split(",")
# Of the CUDA driver's cuDeviceGetAttribute: in kHz and bits.
MEMORY_CLOCK_RATE, MEMORY_BUS_WIDTH = 36, 37
CUBLAS_PLACES = (
    "/usr/local/cuda*/lib64/libcublas.so.*",
    "/usr/local/cuda*/targets/*/lib/libcublas.so.*",
    "/usr/lib/x86_64-linux-gnu/libcublas.so.*",
)
NO_CUBLAS = "NO cuBLAS WAS LOADED: every matrix product runs on our own 16 x 16 tiles"


def first_output(*command: str) -> str:
    """Of a program that may be missing."""
    try:
        done = subprocess.run(command, text=True, capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}"
    return (done.stdout or done.stderr).strip()


def gpus() -> list[dict[str, str]]:
    """As nvidia-smi tells them; none where it cannot."""
    if not shutil.which("nvidia-smi"):
        return []
    query = f"--query-gpu={','.join(GPU_FIELDS)}"
    lines = first_output("nvidia-smi", query, "--format=csv,noheader").splitlines()
    rows = [[value.strip() for value in line.split(",")] for line in lines]
    return [dict(zip(GPU_FIELDS, row)) for row in rows if len(row) == len(GPU_FIELDS)]


def why_no_gpu() -> str:
    """ "": there is one. In a container the driver may be there without nvidia-smi."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        if not shutil.which("nvidia-smi"):
            return "there is no GPU here: no nvidia-smi, so no NVIDIA driver"
    if shutil.which("nvidia-smi") and not gpus():
        return f"there is no GPU here: nvidia-smi says: {first_output('nvidia-smi', '-L')}"
    return ""


def peak_bandwidth() -> float:
    """Bytes a second from and to the first device's memory, says the driver; 0: unknown."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        device, value = ctypes.c_int(), ctypes.c_int()
        if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
            return 0
        numbers = []
        for attribute in (MEMORY_CLOCK_RATE, MEMORY_BUS_WIDTH):
            if driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device):
                return 0
            numbers.append(value.value)
    except (OSError, AttributeError):
        return 0
    return 2 * numbers[0] * 1e3 * numbers[1] / 8  # two transfers a clock


def loaded(maps: str, name: str) -> str:
    """The file of that library in the text of /proc/self/maps; "" where it is not loaded."""
    for line in maps.splitlines():
        path = line.rpartition(" ")[2]
        if os.path.basename(path).startswith(name):
            return path
    return ""


def cublas_files() -> list[str]:
    """Where one lies, loaded or not: the toolkit's, and that of PyTorch's own packages."""
    places = [*CUBLAS_PLACES]
    places += [f"{folder}/nvidia/*/lib/libcublas.so.*" for folder in sys.path if folder]
    return sorted({file for place in places for file in glob.glob(place)})


def of_the_library() -> dict[str, object]:
    """What libtensor says and does: in this process, which may not survive it."""
    try:
        import libtensor as torch
    except (ImportError, OSError) as error:
        return {"error": str(error)}
    found: dict[str, object] = {"devices": torch.cuda.device_count()}
    if not torch.cuda.is_available():
        return {**found, "error": torch.cuda.unavailable_reason()}
    found["device"] = torch.cuda.get_device_name()
    found["capability"] = torch.cuda.get_device_capability()
    x = torch.ones(64, 64, device="cuda")
    found["product"] = (x @ x).sum().item()
    maps = Path("/proc/self/maps").read_text()
    found["libraries"] = {
        name: loaded(maps, name)
        for name in ("libtensor.so", "libtensor_cuda", "libcublas.so", "libcuda.so", "libstdc++.so")
    }
    return found


def all_facts() -> dict[str, object]:
    nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
    return {
        "gpus": gpus(),
        "peak_bandwidth": peak_bandwidth(),
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "nvcc": first_output(nvcc, "--version").splitlines()[-1:],
        "variables": {n: v for n, v in os.environ.items() if n.startswith(("CUDA", "LD_"))},
        "cublas_files": cublas_files(),
        "library": of_the_library(),
    }


def complaint(facts: dict) -> str:
    """What is wrong with a machine of which these are the facts; "": nothing."""
    library = facts["library"]
    if "error" in library:
        return f"libtensor has no CUDA device: {library['error']}"
    if library["product"] != 64**3:
        return f"a matrix product is wrong: {library['product']}"
    return "" if library["libraries"]["libcublas.so"] else NO_CUBLAS


if __name__ == "__main__":
    collected = all_facts()
    print(json.dumps(collected))
    wrong = complaint(collected)
    print(wrong)
    sys.exit(1 if wrong else 0)
