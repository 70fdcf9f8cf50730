"""What running a case gave: seen tensors, plain values or an error; and their form in a record."""

import base64
import hashlib
from dataclasses import dataclass
from math import prod

import numpy as np

from replay.codec import read_bits
from replay.formulas import NUMPY_OF, to_numbers

LARGEST_STORED = 256
"""Results with more elements are stored as a digest."""
CHUNKS = 64


@dataclass
class Seen:
    """One result tensor, copied out of the library."""

    dtype: str
    shape: tuple
    strides: tuple
    bits: object = None
    alias: object = None
    digest: object = None

    @property
    def numbers(self):
        """The elements as numbers, flat."""
        return to_numbers(self.bits, self.dtype)


@dataclass
class Failed:
    """An error: the exception's class name and the message's first line."""

    kind: str
    message: str


def failed(error):
    """The outcome of a raised exception."""
    lines = str(error).strip().splitlines()
    return Failed(type(error).__name__, lines[0].strip() if lines else "")


def observe(value, windows=()):
    """Turn results into plain data: tensors into Seen, lists and tuples item by item."""
    if isinstance(value, (list, tuple)):
        return [observe(item, windows) for item in value]
    if not hasattr(value, "data_ptr"):
        return value
    bits, dtype = read_bits(value)
    strides = tuple(value.stride())
    return Seen(dtype, tuple(value.shape), strides, bits, _alias(value, bits, windows))


def _alias(tensor, bits, windows):
    """[which input, elements into its storage] when the tensor shares an input's memory."""
    if not bits.size:
        return None
    address = tensor.data_ptr()
    for index, (start, length) in enumerate(windows):
        if start <= address < start + length:
            return [index, (address - start) // tensor.element_size()]
    return None


def contiguous_strides(shape):
    """Row-major strides as PyTorch counts them (a size of 0 counts as 1)."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def picked(size):
    """The positions a digest keeps: evenly spaced by an odd step, so that all lanes of a vector
    get their turn, and the last 16, where a tail is handled."""
    even = np.arange(0, size, (size // CHUNKS) | 1)
    return np.union1d(even, np.arange(size - 16, size))


def chunk_sums(numbers):
    """Sums of 64 chunks' finite elements, in float64."""
    with np.errstate(invalid="ignore"):
        finite = np.where(np.isfinite(numbers), numbers, 0).astype(np.float64)
    return [float(part.sum()) for part in np.array_split(finite, CHUNKS)]


def digest(seen):
    """A large result in brief: a hash, some elements, the sums of chunks, how many are finite."""
    numbers = seen.numbers
    bits = seen.bits.copy()
    if np.isnan(numbers).any():  # which bits a NaN has is nobody's business
        bits[np.isnan(numbers)] = bits[np.argmax(~np.isnan(numbers))]
    return {"sha1": hashlib.sha1(bits.tobytes()).hexdigest(),
            "finite": int(np.isfinite(numbers).sum()), "sums": chunk_sums(numbers),
            "picks": base64.b64encode(seen.bits[picked(numbers.size)].tobytes()).decode()}


def to_json(outcome):
    """An observed value as it stands in a record."""
    if isinstance(outcome, Failed):
        return {"error": [outcome.kind, outcome.message]}
    if isinstance(outcome, list):
        return [to_json(item) for item in outcome]
    if not isinstance(outcome, Seen):
        return outcome
    coded = {"dtype": outcome.dtype, "shape": list(outcome.shape)}
    if outcome.strides != contiguous_strides(outcome.shape):
        coded["strides"] = list(outcome.strides)
    if outcome.alias is not None:
        coded["alias"] = outcome.alias
    if outcome.bits.size > LARGEST_STORED:
        coded["digest"] = digest(outcome)
    else:
        coded["data"] = base64.b64encode(outcome.bits.tobytes()).decode()
    return coded


def from_json(coded):
    """The inverse of to_json (a digest stays a digest)."""
    if isinstance(coded, list):
        return [from_json(item) for item in coded]
    if not isinstance(coded, dict):
        return coded
    if "error" in coded:
        return Failed(*coded["error"])
    shape = tuple(coded["shape"])
    strides = tuple(coded.get("strides", contiguous_strides(shape)))
    seen = Seen(coded["dtype"], shape, strides, alias=coded.get("alias"),
                digest=coded.get("digest"))
    if seen.digest is None:
        raw = base64.b64decode(coded["data"])
        seen.bits = np.frombuffer(raw, dtype=NUMPY_OF[seen.dtype])
        assert seen.bits.size == prod(shape), "damaged record"
    return seen
