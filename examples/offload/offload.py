"""Saved-tensor hooks: what a network keeps for backward, in half precision or on disk.

Backward needs what the forward pass computed, and most of a training step's memory is that. Here a
network of some layers runs three times: with what it saves left as it is, rounded to half
precision, and written to temporary files. offload.c and offload.cpp do the same.

usage: python3 offload.py
"""

import ctypes
import math
import tempfile

import libtensor as torch

LAYERS, WIDTH, BATCH = 6, 256, 128


class Counted:
    """Counts bytes in `totals` as long as it lives."""

    def __init__(self, totals: dict[str, int], where: str, size: int) -> None:
        self.totals, self.where, self.size = totals, where, size
        totals[where] += size

    def __del__(self) -> None:
        self.totals[self.where] -= self.size


class Store(torch.autograd.graph.saved_tensors_hooks):
    """Inside, nodes save tensors in one of the ways; `held` says how many bytes that is now."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.held = {"memory": 0, "disk": 0}
        super().__init__(self.pack, self.unpack)

    def pack(self, tensor: torch.Tensor) -> tuple:
        if tensor.is_leaf and tensor.requires_grad:
            return tensor, None, None  # the program keeps its parameters anyway
        if self.way == "as it is":
            return tensor.detach(), None, Counted(self.held, "memory", tensor.nbytes)
        if self.way == "in half precision":
            half = tensor.to(torch.float16)
            return half, None, Counted(self.held, "memory", half.nbytes)
        file = tempfile.TemporaryFile()
        rows = tensor.contiguous()
        file.write(ctypes.string_at(rows.data_ptr(), rows.nbytes))
        return tuple(tensor.shape), file, Counted(self.held, "disk", tensor.nbytes)

    def unpack(self, packed: tuple) -> torch.Tensor:
        kept, file, _ = packed
        if file is None:
            return kept.to(torch.float32)
        file.seek(0)
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).view(kept)


def run(weights: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The mean square of what comes out of the last layer."""
    for weight in weights:
        x = (x @ weight).tanh()
    return (x * x).mean()


def main() -> None:
    torch.manual_seed(0)
    weights = [torch.randn(WIDTH, WIDTH) * (1 / math.sqrt(WIDTH)) for _ in range(LAYERS)]
    for weight in weights:
        weight.requires_grad_(True)
    x = torch.randn(BATCH, WIDTH)
    expected = None
    for way in ("as it is", "in half precision", "on disk"):
        store = Store(way)
        with store:
            loss = run(weights, x)
        held = dict(store.held)
        loss.backward()
        gradients = [weight.grad for weight in weights]
        expected = expected or gradients
        apart = max((a - b).abs().max().item() for a, b in zip(gradients, expected))
        print(
            f"{way:18} {held['memory']:7} bytes in memory, {held['disk']:7} on disk, "
            f"gradients differ by {apart:.0e}"
        )
        for weight in weights:
            weight.grad = None


if __name__ == "__main__":
    main()
