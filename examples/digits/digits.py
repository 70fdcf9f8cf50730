"""Trains a small network to read handwritten digits. digits.c and digits.cpp do the same.

usage: python3 digits.py [epochs]
"""

import gzip
import math
import sys
from pathlib import Path

import libtensor as torch
from libtensor.nn import functional

DATA = Path(__file__).parent / "data" / "digits.gz"
IMAGES, PIXELS, HIDDEN, CLASSES = 1797, 64, 128, 10
HELD_OUT = 360  # 20 %
TRAINED = IMAGES - HELD_OUT
BATCH = 32
LEARNING_RATE = 0.1


class Shuffler:
    """Fisher-Yates over a 64-bit linear congruential generator: easy to repeat in any language."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, bound: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def shuffle(self, values: list[int]) -> None:
        for i in range(len(values) - 1, 0, -1):
            j = self.below(i + 1)
            values[i], values[j] = values[j], values[i]


def load(shuffler: Shuffler) -> tuple[torch.Tensor, torch.Tensor]:
    """All images, [1797, 64] from 0 to 1, and their labels, in the shuffler's order."""
    records = torch.tensor(list(gzip.decompress(DATA.read_bytes())), dtype=torch.uint8)
    order = list(range(IMAGES))
    shuffler.shuffle(order)
    records = records.view(IMAGES, PIXELS + 1).index_select(0, torch.tensor(order))
    images = records.narrow(1, 0, PIXELS).to(torch.float32) / 16
    return images, records.select(1, PIXELS).to(torch.int64)


class Network:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.weight1 = torch.randn(PIXELS, HIDDEN) * math.sqrt(2 / PIXELS)
        self.bias1 = torch.zeros(HIDDEN)
        self.weight2 = torch.randn(HIDDEN, CLASSES) * math.sqrt(2 / HIDDEN)
        self.bias2 = torch.zeros(CLASSES)
        self.parameters = [self.weight1, self.bias1, self.weight2, self.bias2]
        for parameter in self.parameters:
            parameter.requires_grad_(True)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        hidden = (images @ self.weight1 + self.bias1).relu()
        return hidden @ self.weight2 + self.bias2

    def step(self) -> None:
        """Goes down the gradient, and clears it for the next batch."""
        with torch.no_grad():
            for parameter in self.parameters:
                parameter.add_(parameter.grad, alpha=-LEARNING_RATE)
                parameter.grad = None


def accuracy(network: Network, images: torch.Tensor, labels: torch.Tensor) -> float:
    with torch.no_grad():
        return (network(images).argmax(1) == labels).sum().item() / HELD_OUT


def main() -> None:
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    shuffler = Shuffler(seed=1)
    images, labels = load(shuffler)
    held_out = images.narrow(0, TRAINED, HELD_OUT), labels.narrow(0, TRAINED, HELD_OUT)
    network = Network()
    order = list(range(TRAINED))
    right = 0.0
    for epoch in range(1, epochs + 1):
        shuffler.shuffle(order)
        total = 0.0
        for start in range(0, TRAINED, BATCH):
            batch = torch.tensor(order[start : start + BATCH])
            logits = network(images.index_select(0, batch))
            loss = functional.cross_entropy(logits, labels.index_select(0, batch))
            loss.backward()
            network.step()
            total += loss.item() * len(batch)
        right = accuracy(network, *held_out)
        print(f"epoch {epoch:2}  loss {total / TRAINED:.4f}  held-out accuracy {100 * right:.2f} %")
    print(f"{100 * right:.2f} % of the {HELD_OUT} held-out digits are read right")


if __name__ == "__main__":
    main()
