#!/usr/bin/env python3
"""Measures matrix products of libtensor beside those of PyTorch and NumPy, in one process.

    bench/products.py BUILD_DIR [--threads N] [--dtype NAME] [--repetitions N] [CASE...]

A case is MxNxK or N, with "ta" or "tb" behind it where a factor is transposed: 512tb, 3x2000x400.
Without cases, a list of usual ones runs. The libraries take turns within each repetition, and the
figure is the best of all: of the thread's own time on one thread, of the wall clock on several.
Libtensor is called by its C function, PyTorch and NumPy by their extension modules. Prints GFlop/s,
and the best peer's time over libtensor's: more than 1 is faster.
"""

import argparse
import ctypes
import functools
import os
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SQUARE = "16 32 64 100 128 256 500 512 1000 1024 1536 2000 2048".split()
OTHERS = (
    "64ta 64tb 500ta 500tb 512ta 512tb 1024ta 1024tb 1000tatb "
    "3x2000x400 2000x3x400 64x10x128 64x128x784 128x4096x1024 4096x128x1024 10000x64x64 "
    "32x32x10000 8x1024x1024"
).split()
FLOPS = 5e7  # a repetition


def seconds(function, count, clock):
    start = clock()
    for _ in range(count):
        function()
    return (clock() - start) / count


def best_times(functions, work, repetitions, clock):
    count = max(1, min(500, int(FLOPS / work)))
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(repetitions):
        for name, function in functions.items():
            function()  # brings its operands back into the caches
            best[name] = min(best[name], seconds(function, count, clock))
    return best


def factor(torch, lt, rows, columns, transposed, dtype):
    """The same random matrix as a tensor of PyTorch's and one of libtensor's."""
    shape = (columns, rows) if transposed else (rows, columns)
    values = torch.rand(shape)
    theirs, ours = values.to(getattr(torch, dtype)), lt.from_numpy(values.numpy())
    ours = ours.to(getattr(lt, dtype))
    return (theirs.t(), ours.t()) if transposed else (theirs, ours)


def measure(case, options, torch, np, lt, product):
    sizes, ta, tb = re.fullmatch(r"([0-9x]+?)(ta)?(tb)?", case).groups()
    m, n, k = [int(s) for s in sizes.split("x")] * (1 if "x" in sizes else 3)
    a, x = factor(torch, lt, m, k, ta, options.dtype)
    b, y = factor(torch, lt, k, n, tb, options.dtype)
    c = torch.empty(m, n, dtype=a.dtype)
    z = lt.zeros(m, n, dtype=getattr(lt, options.dtype))
    functions = {
        "libtensor": functools.partial(product, x._handle, y._handle, z._handle),
        "torch": functools.partial(torch.mm, a, b, out=c),
    }
    if options.dtype in ("float32", "float64"):
        u, v, w = a.numpy(), b.numpy(), np.empty((m, n), options.dtype)
        functions["numpy"] = functools.partial(np.matmul, u, v, out=w)
    work = 2 * m * n * k
    clock = time.thread_time if options.threads == 1 else time.perf_counter
    best = best_times(functions, work, options.repetitions, clock)
    peer = min(t for name, t in best.items() if name != "libtensor")
    rates = "".join(f"{work / t / 1e9:10.1f}" for t in best.values())
    print(f"{case:16}{rates}{peer / best['libtensor']:8.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("cases", nargs="*", default=SQUARE + OTHERS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--repetitions", type=int, default=15)
    options = parser.parse_intermixed_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    os.environ["LIBTENSOR_LIBRARY"] = str(pathlib.Path(options.build).resolve() / "libtensor.so")
    sys.path.insert(0, str(ROOT / "bindings/python"))
    import libtensor as lt
    import numpy as np
    import torch

    product = ctypes.CDLL(os.environ["LIBTENSOR_LIBRARY"]).tensor_mm_out
    torch.set_num_threads(options.threads)
    lt.set_num_threads(options.threads)
    names = ["libtensor", "torch"] + ["numpy"] * (options.dtype in ("float32", "float64"))
    print(f"{options.dtype:16}{''.join(f'{n:>10}' for n in names)}   ratio")
    for case in options.cases:
        measure(case, options, torch, np, lt, product)


if __name__ == "__main__":
    main()
