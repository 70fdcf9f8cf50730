#!/usr/bin/env python3
"""The rows of cuda_bench in PyTorch on its CUDA device, in the same form: one JSON object a line.

    bench/cuda_peer.py        # 77: this Python has no PyTorch, or PyTorch sees no CUDA device

The first line names the library. TF32 is off, as in libtensor.
"""

import json
import sys
import time

REPETITIONS = 5
TARGET = 0.02  # seconds of a repetition


def best(seconds, most_calls):
    """Seconds a call, as in cuda_bench."""
    seconds(3)
    calls = 1
    while calls < most_calls and seconds(calls) < TARGET:
        calls *= 2
    return min(seconds(calls) for _ in range(REPETITIONS)) / calls


class Bench:
    def __init__(self, torch):
        self.torch = torch

    def show(self, row, seconds):
        print(json.dumps({"row": row, "seconds": seconds}), flush=True)

    def on_device(self, row, body):
        cuda = self.torch.cuda
        start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)

        def seconds(calls):
            start.record()
            for _ in range(calls):
                body()
            end.record()
            end.synchronize()
            return start.elapsed_time(end) * 1e-3

        self.show(row, best(seconds, 1 << 16))

    def on_host(self, row, body):
        def seconds(calls):
            start = time.perf_counter()
            for _ in range(calls):
                body()
            elapsed = time.perf_counter() - start
            self.torch.cuda.synchronize()
            return elapsed

        self.show(row, best(seconds, 512))

    def pointwise(self):
        torch = self.torch
        for name in ("float32", "float16"):
            a, b, out = (
                torch.rand(1 << 26, dtype=getattr(torch, name), device="cuda") for _ in range(3)
            )
            self.on_device(f"add_{name}", lambda: torch.add(a, b, out=out))  # noqa: B023
            self.on_device(f"exp_{name}", lambda: torch.exp(a, out=out))  # noqa: B023
            if name == "float32":
                self.on_device("copy_float32", lambda: out.copy_(a))  # noqa: B023
                self.on_device("add_in_place_float32", lambda: a.add_(b))  # noqa: B023
                self.on_device("sum_float32", a.sum)

    def rows(self):
        a = self.torch.rand(8192, 4096, device="cuda")
        self.on_device("softmax_float32", lambda: a.softmax(1))
        self.on_device("copy_of_transposed_float32", lambda: a.t().contiguous())

    def matmul(self):
        for n, name in ((1024, "float32"), (4096, "float32"), (4096, "float16")):
            dtype = getattr(self.torch, name)
            a, b = (self.torch.rand(n, n, dtype=dtype, device="cuda") for _ in range(2))
            self.on_device(f"matmul_{n}_{name}", lambda: a @ b)  # noqa: B023

    def calls(self):
        torch = self.torch
        a, b, out = (torch.rand(1, device="cuda") for _ in range(3))
        self.on_host("launch_host", lambda: torch.add(a, b, out=out))
        self.on_device("launch_device", lambda: torch.add(a, b, out=out))
        self.on_host("add_one_host", lambda: a + b)
        self.on_host(
            "allocate_and_free_1_MiB",
            lambda: torch.empty(1 << 20, dtype=torch.uint8, device="cuda"),
        )

    def training(self):
        torch = self.torch
        x, target = torch.rand(64, 64, device="cuda"), torch.full((64,), 3, device="cuda")
        shapes = ((64, 128), (128,), (128, 10), (10,))
        parameters = [torch.rand(shape, device="cuda", requires_grad=True) for shape in shapes]
        w1, b1, w2, b2 = parameters

        def step():
            logits = torch.addmm(b2, torch.relu(torch.addmm(b1, x, w1)), w2)
            torch.nn.functional.cross_entropy(logits, target).backward()
            with torch.no_grad():
                for parameter in parameters:
                    parameter.add_(parameter.grad, alpha=-0.01)
                    parameter.grad = None

        self.on_device("mlp_step", step)


def main():
    try:
        import torch
    except ImportError:
        print("this Python has no PyTorch", file=sys.stderr)
        return 77
    if not torch.cuda.is_available():
        print(f"PyTorch {torch.__version__} sees no CUDA device", file=sys.stderr)
        return 77
    print(json.dumps({"library": f"PyTorch {torch.__version__}"}))
    torch.backends.cuda.matmul.allow_tf32 = False
    bench = Bench(torch)
    for part in (bench.pointwise, bench.rows, bench.matmul, bench.calls, bench.training):
        part()
    return 0


if __name__ == "__main__":
    sys.exit(main())
