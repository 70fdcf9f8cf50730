"""Writes random_records.inc: what PyTorch's CPU generator gives, for random_test.cpp.

Usage: python record_random.py > random_records.inc   (needs PyTorch; recorded with 2.15)
"""

import torch

SEEDS = (0, 42, 2**63 + 12345)
SIZES = (1, 5, 15, 16, 17, 31, 100, 1000, 20011)
DRAW = {"Uniform": torch.rand, "Normal": torch.randn}
DTYPES = {
    "Float16": (torch.float16, torch.int16),
    "BFloat16": (torch.bfloat16, torch.int16),
    "Float32": (torch.float32, torch.int32),
    "Float64": (torch.float64, torch.int64),
}
# One after the other from one seed: a normal number kept back from an odd count, both arithmetics.
SEQUENCE_SEED = 7
SEQUENCE = (
    ("Uniform", "Float32", 3),
    ("Normal", "Float32", 5),
    ("Uniform", "Float64", 2),
    ("Normal", "Float64", 1),
    ("Normal", "Float16", 17),
    ("Normal", "Float32", 0),
    ("Normal", "BFloat16", 100),
    ("Normal", "BFloat16", 3),
    ("Uniform", "Float16", 4),
    ("Normal", "Float64", 33),
    ("Normal", "Float16", 2),
    ("Normal", "Float32", 50),
    ("Uniform", "BFloat16", 6),
    ("Uniform", "Float32", 1000),
)


def checksum(data):
    """FNV-1a."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def record(seed, distribution, dtype_name, size):
    dtype, integer = DTYPES[dtype_name]
    bits = DRAW[distribution](size, dtype=dtype).view(integer).numpy()
    bits = bits.astype(f"<u{bits.itemsize}")
    first, last = (bits[0], bits[-1]) if size else (0, 0)
    return (
        f"    {{{seed}u, Distribution::k{distribution}, DType::k{dtype_name}, {size}, "
        f"{first:#x}, {last:#x}, {checksum(bits.tobytes()):#x}}},"
    )


def seed_with(seed):
    torch.manual_seed(seed - 2**64 if seed >= 2**63 else seed)


def main():
    print("// Written by record_random.py: what PyTorch draws.")
    print("\n// Each directly after seeding.")
    print("constexpr Record kFresh[] = {")
    for seed in SEEDS:
        for distribution in DRAW:
            for dtype_name in DTYPES:
                for size in SIZES:
                    seed_with(seed)
                    print(record(seed, distribution, dtype_name, size))
    print("};\n\n// All after seeding once.")
    print("constexpr Record kSequence[] = {")
    seed_with(SEQUENCE_SEED)
    for call in SEQUENCE:
        print(record(SEQUENCE_SEED, *call))
    print("};")


if __name__ == "__main__":
    main()
