#!/usr/bin/env python3
"""Measures libtensor, and beside it the PyTorch and NumPy that this Python can import.

PyTorch is measured twice: from Python, and, for the rows where Python is most of the cost, from
C++ (torch_bench.cpp, compiled here against the package's own headers and libraries, where there is
a compiler).

    bench/peers.py BUILD_DIR

Prints one table. Each library runs in a process of its own, and every row is measured on one
thread unless its name says otherwise. A figure is the best of fifteen short repetitions, so that
other work of the machine is left out; the spread is how much worse libtensor's worst repetition
was. Times of different runs are not comparable; the ratios of one run are.
"""

import importlib.util
import json
import math
import pathlib
import shutil
import subprocess
import sys
import time

REPETITIONS = 15
TARGET = 0.06  # seconds a repetition
LOAD = "load"


def best_of(function, target=TARGET):
    """Seconds per call: the best of REPETITIONS runs of about `target` seconds."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            function()
        elapsed = time.perf_counter() - start
        if elapsed > target / 2:
            break
        count = max(count * 2, int(count * target / max(elapsed, 1e-9) / 2))
    best = elapsed / count
    for _ in range(REPETITIONS - 1):
        start = time.perf_counter()
        for _ in range(count):
            function()
        best = min(best, (time.perf_counter() - start) / count)
    return best


def measure_torch():
    start = time.perf_counter()
    import torch

    rows = {LOAD: time.perf_counter() - start}
    torch.set_num_threads(1)
    one = torch.rand(1)
    rows["add_one"] = best_of(lambda: one + one)
    rows["handle_check"] = best_of(one.numel)

    def chain(x):
        y = x * x
        for _ in range(99):
            y = y * x
        return y

    def backward(x):
        chain(x).backward()
        x.grad = None

    leaf = torch.rand(1, requires_grad=True)
    rows["chain_forward"] = best_of(lambda: chain(one))
    rows["chain_forward_recorded"] = best_of(lambda: chain(leaf))
    rows["chain_forward_backward"] = best_of(lambda: backward(leaf))

    x, target = torch.rand(64, 64), torch.full((64,), 3)
    shapes = ((64, 128), (128,), (128, 10), (10,))
    w1, b1, w2, b2 = parameters = [torch.rand(shape, requires_grad=True) for shape in shapes]

    def step():
        logits = torch.addmm(b2, torch.relu(torch.addmm(b1, x, w1)), w2)
        torch.nn.functional.cross_entropy(logits, target).backward()
        with torch.no_grad():
            for parameter in parameters:
                parameter.add_(parameter.grad, alpha=-0.01)
                parameter.grad = None

    rows["mlp_step"] = best_of(step)

    million, square = torch.rand(1_000_000), torch.rand(1000, 1000)
    rows["exp_1e6"] = best_of(lambda: torch.exp(million))
    rows["tanh_1e6"] = best_of(lambda: torch.tanh(million))
    rows["sum_1e6"] = best_of(lambda: torch.sum(million))
    rows["softmax_1e6"] = best_of(lambda: torch.softmax(square, 1))
    second = torch.rand(1_000_000)
    rows["add_1e6"] = best_of(lambda: million + second)
    large, other = torch.rand(16_000_000), torch.rand(16_000_000)
    rows["add_16e6"] = best_of(lambda: large + other)
    rows["add_16e6_in_place"] = best_of(lambda: large.add_(other))
    first, second = torch.rand(33_000), torch.rand(33_000)
    rows["add_33e3_1_thread"] = best_of(lambda: first + second)
    a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
    rows["matmul_1024_1_thread"] = best_of(lambda: a @ b)
    torch.set_num_threads(2)
    rows["add_33e3_2_threads"] = best_of(lambda: first + second)
    rows["matmul_1024_2_threads"] = best_of(lambda: a @ b)
    return f"PyTorch {torch.__version__}", rows


def measure_torch_cpp(build):
    """The rows of torch_bench.cpp."""
    import torch
    from torch.utils import cpp_extension

    source = pathlib.Path(__file__).with_name("torch_bench.cpp")
    program = build / f"bench/torch_bench_{torch.__version__}"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        libraries = cpp_extension.library_paths()
        command = ["g++", "-std=c++20", "-O2", "-w", source, "-o", program, "-pthread"]
        command += [f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}"]
        command += [f"-I{path}" for path in cpp_extension.include_paths()]
        command += [f"-L{path}" for path in libraries] + [f"-Wl,-rpath,{p}" for p in libraries]
        subprocess.run([*command, "-ltorch_cpu", "-lc10"], check=True)
    done = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True)
    return f"PyTorch C++ {torch.__version__.split('+')[0]}", json.loads(done.stdout)


def measure_numpy():
    start = time.perf_counter()
    import numpy as np

    rows = {LOAD: time.perf_counter() - start}
    random = np.random.default_rng(1)
    one = random.random(1, dtype=np.float32)
    rows["add_one"] = best_of(lambda: one + one)
    million = random.random(1_000_000, dtype=np.float32)
    rows["exp_1e6"] = best_of(lambda: np.exp(million))
    rows["tanh_1e6"] = best_of(lambda: np.tanh(million))
    rows["sum_1e6"] = best_of(lambda: np.sum(million))
    second = random.random(1_000_000, dtype=np.float32)
    rows["add_1e6"] = best_of(lambda: million + second)
    large, other = (random.random(16_000_000, dtype=np.float32) for _ in range(2))
    rows["add_16e6"] = best_of(lambda: large + other)
    rows["add_16e6_in_place"] = best_of(lambda: np.add(large, other, out=large))
    return f"NumPy {np.__version__}", rows


def measure_libtensor(build):
    """({row: best seconds}, {row: spread})"""
    command = [
        build / "bench/capi_bench",
        "--benchmark_format=json",
        f"--benchmark_repetitions={REPETITIONS}",
        f"--benchmark_min_time={TARGET}",
    ]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    times = {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry["run_type"] == "iteration":
            scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[entry["time_unit"]]
            times.setdefault(entry["name"].split("/")[0], []).append(entry["real_time"] * scale)
    loads = [
        int(
            subprocess.run(
                [build / "bench/load_bench", build / "libtensor.so"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split()[0]
        )
        * 1e-9
        for _ in range(REPETITIONS)
    ]
    times[LOAD] = loads
    best = {row: min(all_times) for row, all_times in times.items()}
    spread = {row: max(all_times) / min(all_times) - 1 for row, all_times in times.items()}
    return best, spread


PEERS = {
    "torch": lambda build: measure_torch(),
    "torch_cpp": measure_torch_cpp,
    "numpy": lambda build: measure_numpy(),
}


def peer(name, build):
    """What a measure_ function gives, in a process of its own; None without the library."""
    if importlib.util.find_spec(name.removesuffix("_cpp")) is None:
        return None
    if name == "torch_cpp" and not shutil.which("g++"):
        return None
    command = [sys.executable, __file__, "--measure", name, build]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def readable(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def main(build):
    ours, spread = measure_libtensor(build)
    peers = [found for name in PEERS if (found := peer(name, build))]
    header = f"{'row':38}{'libtensor':>12}{'spread':>8}"
    for title, _ in peers:
        header += f"{title[:20]:>22}{'ratio':>8}"
    print(header)
    ratios = [[] for _ in peers]
    for row, seconds in ours.items():
        line = f"{row:38}{readable(seconds):>12}{spread[row]:>8.0%}"
        for (_, rows), own in zip(peers, ratios):
            if row in rows:
                own.append(rows[row] / seconds)
                line += f"{readable(rows[row]):>22}{own[-1]:>8.2f}"
            else:
                line += f"{'':>22}{'':>8}"
        print(line)
    for (title, _), own in zip(peers, ratios):
        mean = math.exp(sum(map(math.log, own)) / len(own))
        print(
            f"\n{title}: libtensor is {mean:.2f} times as fast "
            f"(geometric mean of {len(own)} rows), worst row {min(own):.2f}"
        )


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--measure":
        print(json.dumps(PEERS[sys.argv[2]](pathlib.Path(sys.argv[3]))))
    elif len(sys.argv) == 2:
        main(pathlib.Path(sys.argv[1]).resolve())
    else:
        sys.exit(__doc__)
