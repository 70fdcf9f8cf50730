"""Comparing an outcome with the recorded one: the tolerances, and what counts as the same error."""

import base64
import re

import numpy as np

from replay.formulas import FLOATS, NUMPY_OF, to_numbers
from replay.outcome import Failed, Seen, digest, picked

TOLERANCE = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
}
"""dtype: (relative, absolute), as torch.testing.assert_close. Other dtypes are exact."""

SAME_BITS = {"add", "sub", "mul", "div", "neg", "abs"}
"""Operations whose float results are equal to the last bit, the sign of zero included. sqrt is not
among them: PyTorch takes it from MKL, which is one unit off in a fifth of the cases, where IEEE 754
asks for the nearest."""

SAME_VALUES = SAME_BITS | {
    "relu", "nn.functional.relu", "maximum", "minimum", "max", "min", "amax", "amin", "where",
    "clone", "contiguous", "copy_", "fill", "zero_", "full", "zeros", "ones", "eye", "cat", "stack",
    "index_select", "gather", "view", "view_as", "reshape", "reshape_as", "transpose", "permute",
    "t", "squeeze", "unsqueeze", "expand", "expand_as", "select", "narrow", "flatten", "item",
    "operator.getitem", "T", "mT",
}
"""Operations whose float results are equal, where PyTorch leaves the sign of a zero open (its
vector and scalar paths differ in max(-0.0, 0.0)) or where nothing is calculated."""


class Rule:
    """How closely one outcome is compared. `slack` is PyTorch's own distance from the ideal result,
    recorded where it is more than half the tolerance: a better result must not fail."""

    def __init__(self, operation="", kwargs=(), strides=False, alias=False, slack=0.0):
        plain = "alpha" not in kwargs  # with alpha, PyTorch's vector path uses a fused multiply-add
        self.exact = operation in SAME_VALUES and plain
        self.bits = operation in SAME_BITS and plain
        self.strides, self.alias, self.slack = strides, alias, slack

    def limits(self, dtype):
        """(relative, absolute) for a dtype."""
        if self.exact or dtype not in FLOATS:
            return 0.0, 0.0
        relative, absolute = TOLERANCE[dtype]
        return relative, absolute + self.slack


def difference(expected, actual, rule):
    """None when `actual` agrees with `expected`, else a line that says where it does not."""
    if isinstance(expected, Failed) or isinstance(actual, Failed):
        return _error_difference(expected, actual)
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"expected {len(expected)} results, got {_brief(actual)}"
        for index, (one, other) in enumerate(zip(expected, actual)):
            found = difference(one, other, rule)
            if found:
                return f"result {index}: {found}"
        return None
    if isinstance(expected, Seen) and isinstance(actual, Seen):
        return _tensor_difference(expected, actual, rule)
    return _plain_difference(expected, actual, rule)


def normalise(message):
    """Reduce an error message to what it promises the user.

    Dropped: the name of the kernel that lacks a dtype ('"add_stub" not implemented for ...'), the
    overloads listed after an argument parser's complaint, the list of PyTorch's own device types,
    and the advice on PyTorch's own switches that follows the statement of the problem.
    """
    message = re.sub(r'^"\w+" not implemented', "not implemented", message)
    message = message.replace("torch.cuda.", "torch.")  # a tensor's type names its device
    message = re.sub(r"(invalid combination of arguments).*", r"\1", message)
    message = re.sub(r"(Expected one of) .* (device type)", r"\1 ... \2", message)
    return re.sub(r"\s+(Hint:|Note:|If you are using|You can set).*", "", message).strip()


def _error_difference(expected, actual):
    if not isinstance(actual, Failed):
        return f"expected {expected.kind}: {expected.message!r}, got {_brief(actual)}"
    if not isinstance(expected, Failed):
        return f"expected {_brief(expected)}, got {actual.kind}: {actual.message!r}"
    if expected.kind != actual.kind or normalise(expected.message) != normalise(actual.message):
        return (f"expected {expected.kind}: {expected.message!r}\n"
                f"     got {actual.kind}: {actual.message!r}")
    return None


def _plain_difference(expected, actual, rule):
    if type(expected) is not type(actual):
        return f"expected {_brief(expected)}, got {_brief(actual)}"
    if expected == actual or expected != expected and actual != actual:
        return None
    if isinstance(expected, float) and not rule.exact:
        relative, absolute = TOLERANCE["float32"]
        if abs(expected - actual) <= absolute + rule.slack + relative * abs(expected):
            return None
    return f"expected {expected!r}, got {actual!r}"


def _tensor_difference(expected, actual, rule):
    for what in ("dtype", "shape"):
        one, other = getattr(expected, what), getattr(actual, what)
        if one != other:
            return f"{what}: expected {one}, got {other}"
    if rule.strides and expected.strides != actual.strides:
        return f"strides: expected {expected.strides}, got {actual.strides}"
    if rule.alias and expected.alias != actual.alias:
        return (f"memory shared with an input [which, element]: "
                f"expected {expected.alias}, got {actual.alias}")
    if expected.digest is not None:
        return _digest_difference(expected, actual, rule)
    return _element_difference(expected.bits, actual.bits, expected, rule)


def _element_difference(expected, actual, seen, rule, positions=None):
    """Compare flat arrays of bits; `positions` are their elements' in the tensor, if not all."""
    one, other = to_numbers(expected, seen.dtype), to_numbers(actual, seen.dtype)
    wrong = ~_close(one, other, *rule.limits(seen.dtype))
    if rule.bits and seen.dtype in FLOATS:
        wrong |= np.signbit(one) != np.signbit(other)
        wrong &= ~(np.isnan(one) & np.isnan(other))
    if not wrong.any():
        return None
    first = int(np.argmax(wrong))
    flat = first if positions is None else int(positions[first])
    where = tuple(int(i) for i in np.unravel_index(flat, seen.shape)) if seen.shape else ()
    return (f"{int(wrong.sum())} of {wrong.size} elements differ, first at {where}: "
            f"expected {one[first]!r}, got {other[first]!r}")


def _close(one, other, relative, absolute):
    """Where two arrays agree; NaN agrees with NaN, an infinity with itself only."""
    same = one == other
    if one.dtype.kind != "f":
        return same
    same |= np.isnan(one) & np.isnan(other)
    if relative == absolute == 0:
        return same
    with np.errstate(invalid="ignore", over="ignore"):
        a, b = one.astype(np.float64), other.astype(np.float64)
        return same | (np.isfinite(a) & (np.abs(a - b) <= absolute + relative * np.abs(a)))


def _digest_difference(expected, actual, rule):
    recorded, found = expected.digest, digest(actual)
    if recorded["sha1"] == found["sha1"]:
        return None
    picks = np.frombuffer(base64.b64decode(recorded["picks"]), dtype=NUMPY_OF[expected.dtype])
    positions = picked(actual.bits.size)
    wrong = _element_difference(picks, actual.bits[positions], expected, rule, positions)
    if wrong:
        return wrong
    relative, absolute = rule.limits(expected.dtype)
    if relative == absolute == 0:
        return "some elements between the recorded ones differ (their hash does)"
    if recorded["finite"] != found["finite"]:
        return f"finite elements: expected {recorded['finite']}, got {found['finite']}"
    return _sum_difference(recorded["sums"], found["sums"], actual.numbers, relative, absolute,
                           rule.slack)


def _sum_difference(expected, actual, numbers, relative, absolute, slack):
    """Compare chunk sums. Rounding errors are independent: their sum grows with the square root
    of their number, and a wrong element stands out of it. PyTorch's own distance from the ideal
    (`slack`) may lean to one side."""
    parts = np.array_split(np.where(np.isfinite(numbers), numbers, 0), len(expected))
    for index, (total, got, part) in enumerate(zip(expected, actual, parts)):
        rooms = absolute + relative * np.abs(part.astype(np.float64))
        if abs(total - got) > 4 * np.sqrt(np.square(rooms).sum()) + slack * part.size:
            return f"chunk {index} of {len(parts)}: expected sum {total!r}, got {got!r}"
    return None


def _brief(value):
    """A value in a few words."""
    if isinstance(value, Seen):
        return f"a {value.dtype} tensor of shape {value.shape}"
    return f"{type(value).__name__} {value!r}"
