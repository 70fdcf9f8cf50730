"""Draws the pictures of docs/autograd.md, by the library itself.

usage: python3 docs/pictures/draw.py [--check]     (--check: only say which are out of date)
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "bindings/python"))

import libtensor as torch  # noqa: E402
from libtensor.autograd import graph_to_svg  # noqa: E402
from libtensor.utils.checkpoint import checkpoint  # noqa: E402


def leaf(*shape):
    return torch.ones(*shape, requires_grad=True)


def first():
    x, y = leaf(3), leaf(3)
    return graph_to_svg((x * y + x).sum(), names={"x": x, "y": y})


def saved():
    x, w = leaf(64, 100), leaf(100, 10)
    return graph_to_svg((x @ w).tanh().sum(), names={"x": x, "w": w}, show_saved=True)


def checkpointed():
    x, w = leaf(64, 100), leaf(100, 10)
    y = checkpoint(lambda a: (a @ w).tanh(), x, use_reentrant=False).sum()
    return graph_to_svg(y, names={"x": x, "w": w}, show_saved=True)


def in_place():
    x = leaf(4)
    y = x * 2
    y[0].mul_(3)
    return graph_to_svg(y.sum(), names={"x": x})


def second_order():
    x = leaf(3)
    gradient, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)
    return graph_to_svg(gradient, names={"x": x})


PICTURES = {"first": first, "saved": saved, "checkpointed": checkpointed, "in_place": in_place,
            "second_order": second_order}


def main(check):
    """Write the pictures; or give the names of those that differ."""
    stale = []
    for name, draw in PICTURES.items():
        path, text = FOLDER / f"{name}.svg", draw()
        if check and (not path.exists() or path.read_text() != text):
            stale.append(name)
        elif not check:
            path.write_text(text)
    return stale


if __name__ == "__main__":
    wrong = main("--check" in sys.argv[1:])
    if wrong:
        sys.exit(f"not as drawn now: {', '.join(wrong)}; run python3 docs/pictures/draw.py")
