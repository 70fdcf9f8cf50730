"""Large tensors from an integer hash, so that a record holds a formula instead of their bytes."""

import numpy as np

NUMPY_OF = {
    "bool": np.bool_, "uint8": np.uint8, "int8": np.int8, "int16": np.int16, "int32": np.int32,
    "int64": np.int64, "float16": np.float16, "bfloat16": np.uint16, "float32": np.float32,
    "float64": np.float64,
}
"""The NumPy type that carries a dtype's bits; NumPy has no bfloat16, so its bits are a uint16."""

FLOATS = ("float16", "bfloat16", "float32", "float64")


def hashed(numel, seed):
    """`numel` well mixed 32-bit integers (multiply and shift, constants of MurmurHash3)."""
    mask = np.uint64(0xFFFFFFFF)
    h = (np.arange(numel, dtype=np.uint64) + np.uint64(seed * 7919 + 1)) * np.uint64(2654435761)
    h &= mask
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(0x85EBCA6B)) & mask
    return h ^ (h >> np.uint64(13))


def from_floats(values, dtype):
    """Round float64 values to the bits of a floating dtype (bfloat16: truncated)."""
    if dtype == "bfloat16":
        return (values.astype(np.float32).view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    return values.astype(NUMPY_OF[dtype])


def generate(kind, numel, dtype, seed):
    """The values of a formula tensor as a flat array of bits.

    `dyadic` floats are multiples of 1/8 in [-4, 4): their sums are exact in any order, so that a
    reduction has one right answer. `positive` floats lie in (0, 8). `fine` floats use the whole
    mantissa.
    """
    h = hashed(numel, seed)
    if dtype == "bool":
        return (h & np.uint64(1)).astype(np.bool_)
    if dtype not in FLOATS:
        low = 0 if dtype == "uint8" or kind == "positive" else 100
        return ((h % np.uint64(100 + low)).astype(np.int64) - low).astype(NUMPY_OF[dtype])
    if kind == "dyadic":
        return from_floats(((h % np.uint64(64)).astype(np.float64) - 32) / 8, dtype)
    if kind == "positive":
        return from_floats(((h % np.uint64(63)).astype(np.float64) + 1) / 8, dtype)
    return from_floats(h.astype(np.float64) / 2**29 - 4, dtype)


def to_numbers(bits, dtype):
    """Bits as numbers NumPy can calculate with."""
    if dtype == "bfloat16":
        return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return bits
