"""Writes a made-up allocation trace, in the format that tools/allocator-replay reads, to standard output.

usage: python3 write_trace.py train|decode|streams|hits [--seed N] [--layers N] [--width N] [--batch N] [--steps N] [--vary]
"""

from __future__ import annotations

import argparse
import random
import sys


class Program:
    """Allocates and frees, and writes down each event."""

    def __init__(self, out) -> None:
        self.out = out
        self.unused: list[int] = []
        self.next = 0

    def allocate(self, size: int, stream: int = 0) -> int:
        if self.unused:
            block = self.unused.pop()
        else:
            block, self.next = self.next, self.next + 1
        print("a", block, size, stream, file=self.out)
        return block

    def free(self, *blocks: int) -> None:
        for block in blocks:
            print("f", block, file=self.out)
            self.unused.append(block)

    def line(self, *words: object) -> None:
        print(*words, file=self.out)


def length_of(step: int, args: argparse.Namespace, random_numbers: random.Random) -> int:
    if not args.vary:
        return 512
    return 8 * max(4, min(256, int(random_numbers.lognormvariate(4.0, 0.6))))


def train(program: Program, args: argparse.Namespace, numbers: random.Random) -> None:
    """A stack of layers, forward and backward, with an optimizer that keeps two states a weight."""
    width, batch = args.width, args.batch
    weights = [size for _ in range(args.layers) for size in (width * width * 4 * 4, width * width * 16, width * 4)]
    held = [program.allocate(size) for size in weights]
    states: list[int] = []
    for step in range(args.steps):
        tokens = batch * length_of(step, args, numbers)
        saved: list[list[int]] = []
        hidden = program.allocate(tokens * width * 4)
        for _ in range(args.layers):
            normed = program.allocate(tokens * width * 4)
            statistics = program.allocate(tokens * 8)
            wide = program.allocate(tokens * width * 4 * 4)
            active = program.allocate(tokens * width * 4 * 4)
            out = program.allocate(tokens * width * 4)
            total = program.allocate(tokens * width * 4)
            program.free(out)
            saved.append([hidden, normed, statistics, wide, active])
            hidden = total
        logits = program.allocate(tokens * 8000 * 4)
        gradient = program.allocate(tokens * 8000 * 4)
        program.free(logits)
        flowing = program.allocate(tokens * width * 4)
        program.free(gradient, hidden)
        gradients: list[int] = []
        for layer in reversed(range(args.layers)):
            wide_gradient = program.allocate(tokens * width * 4 * 4)
            for size in weights[3 * layer : 3 * layer + 3]:
                gradients.append(program.allocate(size))
            next_flowing = program.allocate(tokens * width * 4)
            program.free(wide_gradient, flowing, *saved.pop())
            flowing = next_flowing
        program.free(flowing)
        if not states:
            states = [program.allocate(size) for size in weights for _ in range(2)]
        for size in weights:
            scratch = program.allocate(size)
            program.free(scratch)
        program.free(*gradients)
        program.line("i", step)
    program.free(*held, *states)


def decode(program: Program, args: argparse.Namespace, numbers: random.Random) -> None:
    """Requests that come and go; each one's cache grows by concatenation."""
    width = args.width
    weights = [program.allocate(width * width * 12 * 2) for _ in range(args.layers)]
    requests: list[tuple[int, int, list[int]]] = []
    for step in range(args.steps):
        if len(requests) < args.batch and numbers.random() < 0.3:
            prompt = int(numbers.lognormvariate(5.0, 1.0)) + 8
            caches = [program.allocate(prompt * width // 2) for _ in range(2 * args.layers)]
            requests.append((prompt, prompt + numbers.randrange(16, 400), caches))
        for index, (length, end, caches) in enumerate(requests):
            for layer in range(args.layers):
                query = program.allocate(width * 2 * 3)
                for which in (2 * layer, 2 * layer + 1):
                    longer = program.allocate((length + 1) * width // 2)
                    program.free(caches[which])
                    caches[which] = longer
                out = program.allocate(width * 8)
                program.free(query, out)
            requests[index] = (length + 1, end, caches)
        for length, end, caches in requests:
            if length >= end:
                program.free(*caches)
        requests = [request for request in requests if request[0] < request[1]]
        program.line("i", step)
    for _, _, caches in requests:
        program.free(*caches)
    program.free(*weights)


def streams(program: Program, args: argparse.Namespace, numbers: random.Random) -> None:
    """Shards gathered on stream 1 for work on stream 0, and data fetched on stream 2."""
    width, batch = args.width, args.batch
    shards = [program.allocate(width * width * 6) for _ in range(args.layers)]
    for step in range(args.steps):
        tokens = batch * length_of(step, args, numbers)
        data = program.allocate(tokens * 256, 2)
        program.line("s", 2, 0)
        program.line("r", data, 0)
        saved = []
        for _ in range(args.layers):
            gathered = program.allocate(width * width * 48, 1)
            program.line("s", 1, 0)
            saved.append(program.allocate(tokens * width * 4))
            scratch = program.allocate(tokens * width * 16)
            program.line("r", gathered, 0)
            program.free(gathered, scratch)
        for _ in range(args.layers):
            gathered = program.allocate(width * width * 48, 1)
            gradient = program.allocate(width * width * 48)
            program.line("r", gathered, 0)
            program.line("r", gradient, 1)
            program.free(gathered, gradient, saved.pop())
        program.free(data)
        program.line("i", step)
    program.free(*shards)


def hits(program: Program, args: argparse.Namespace, numbers: random.Random) -> None:
    """One block after another of a size that lies free: what the shortest way costs."""
    others = [program.allocate(3000 + 512 * i) for i in range(100)]
    program.free(*others[::2])
    for _ in range(args.steps * 1000):
        program.free(program.allocate(4000))
    program.free(*others[1::2])


def main() -> int:
    kinds = {"train": train, "decode": decode, "streams": streams, "hits": hits}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--vary", action="store_true", help="sequences of many lengths")
    args = parser.parse_args()
    print("# made up by tests/memory/write_trace.py:", *sys.argv[1:])
    kinds[args.kind](Program(sys.stdout), args, random.Random(args.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
