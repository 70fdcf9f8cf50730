"""The device's memory under use, in a process of its own.

usage: memory.py growth | exhaustion | streams [--small]
"""

from __future__ import annotations

import gc
import sys

import libtensor as torch

MIB = 1 << 20


def megabytes(count: int):
    return torch.empty(count * MIB, dtype=torch.uint8, device="cuda")


def settled() -> None:
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()


def growth(small: bool) -> None:
    """A tensor that is copied into ever larger ones: what is reserved follows what is used."""
    settled()
    before = torch.cuda.memory_allocated()
    kept = torch.ones(1000, device="cuda")
    most = 1 << (14 if small else 28)
    while kept.numel() < most:
        grown = torch.zeros(kept.numel() * 3 // 2, device="cuda")
        grown[: kept.numel()].copy_(kept)
        kept = grown
    assert kept.sum().item() == 1000
    peak, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    print(f"peak of tensors {peak / MIB:.1f} MiB, of the allocator {reserved / MIB:.1f} MiB")
    calls = []
    for _ in range(8):  # steps that repeat take nothing more from the driver
        ((kept * 2) + kept).sum().item()
        calls.append(torch.memory.stats("cuda").device_calls)
    assert calls[-1] == calls[1], calls
    del kept, grown
    settled()
    assert torch.cuda.memory_allocated() == before
    print(f"reserved after all: {torch.cuda.memory_reserved() / MIB:.1f} MiB")
    assert torch.cuda.memory_reserved() <= 4 * MIB


def refused(count: int) -> str:
    """The message of an allocation that does not fit."""
    try:
        megabytes(count)
    except torch.OutOfMemoryError as error:
        return str(error)
    raise AssertionError(f"{count} MiB were given")


def exhaustion(small: bool) -> None:
    """All of the memory, and more; then everything works as before."""
    total = torch.cuda.get_device_properties().total_memory // MIB
    print(refused(2 * total))
    print(refused(1 << 30))  # a PiB: no addresses
    if small:
        torch.cuda.set_per_process_memory_fraction(64 / total)
    piece = 8 if small else 1024
    pieces = []
    try:
        while True:
            pieces.append(megabytes(piece))
    except torch.OutOfMemoryError as error:
        print(f"after {len(pieces)} pieces of {piece} MiB: {error}")
    assert pieces
    pieces[-1].fill_(7)
    assert pieces[-1][-5:].tolist() == [7] * 5
    count = len(pieces)
    del pieces[::2]  # holes, of which one large block must be made
    larger = megabytes(piece * (count // 3))
    larger.fill_(3)
    assert larger[:: 1 + larger.numel() // 7].sum().item() == 3 * 7
    print(f"{piece * (count // 3)} MiB in one, made of holes of {piece} MiB")
    del pieces, larger
    settled()
    assert (torch.ones(1000, device="cuda") * 2).sum().item() == 2000


def streams(small: bool) -> None:
    """Work that hands its results on between streams, with memory that is used again at once."""
    numel, rounds = (1000, 5) if small else (1 << 22, 200)
    here = torch.cuda.current_stream()
    sides = [torch.cuda.Stream() for _ in range(4)]
    total = torch.zeros(numel, device="cuda")
    for i in range(rounds):
        side = sides[i % len(sides)]
        x = torch.full((numel,), float(i), device="cuda")
        side.wait_stream(here)
        with torch.cuda.stream(side):
            y = x * 2 + 1
            x.record_stream(side)
            event = side.record_event()
        del x  # its memory may go to the next x only when the side stream is done
        noise = torch.full((numel,), -1e6, device="cuda")
        here.wait_event(event)
        total.add_(y)
        y.record_stream(here)
        del y, noise
    expected = sum(2 * i + 1 for i in range(rounds))
    assert total.min().item() == total.max().item() == expected
    pinned = torch.arange(numel, dtype=torch.float32).pin_memory()
    for side in sides:
        with torch.cuda.stream(side):
            there = pinned.to("cuda", non_blocking=True)
            back = (there + 1).to("cpu", non_blocking=True)
        side.synchronize()
        assert back[-1].item() == numel and back[0].item() == 1
    print(f"{rounds} rounds over {len(sides)} streams")


if __name__ == "__main__":
    {"growth": growth, "exhaustion": exhaustion, "streams": streams}[sys.argv[1]](
        "--small" in sys.argv
    )
