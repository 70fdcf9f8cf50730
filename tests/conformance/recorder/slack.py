"""How far PyTorch's own result lies from the ideal one, where that is worth knowing.

PyTorch sums in float32 in an order of its own, rounds intermediate float16 results and so on. The
same call in float64 tells how much of the tolerance its result has used up; what goes beyond half
of it is recorded as the sample's slack, so that a more accurate library passes.
"""

import numpy as np
import torch
from replay.compare import SAME_VALUES, TOLERANCE
from replay.outcome import Seen
from replay.run import is_error, run


def measure(operation, sample, variant, outcome):
    """{"slack": s} when a float result needs it, else {}."""
    exact = operation in SAME_VALUES and "alpha" not in sample["kwargs"]
    if exact or is_error(outcome) or not _has_small_floats(outcome["out"]):
        return {}
    ideal = run(torch, operation, sample, variant, upcast=True)
    if is_error(ideal):
        return {}
    slack = max(_excess(outcome["out"], ideal["out"]),
                _excess(outcome.get("grads"), ideal.get("grads")))
    return {"slack": float(f"{slack:.1e}")} if slack > 0 else {}


def _has_small_floats(out):
    items = out if isinstance(out, list) else [out]
    return any(isinstance(item, Seen) and item.dtype in ("float16", "bfloat16", "float32")
               for item in items)


def _excess(found, ideal):
    """The largest distance from the ideal, where it is more than half the tolerance."""
    if isinstance(found, list) and isinstance(ideal, list) and len(found) == len(ideal):
        return max((_excess(a, b) for a, b in zip(found, ideal)), default=0.0)
    if not isinstance(found, Seen) or not isinstance(ideal, Seen) or found.dtype not in TOLERANCE:
        return 0.0
    if found.bits.size != ideal.bits.size or found.dtype == "float64":
        return 0.0
    relative, absolute = TOLERANCE[found.dtype]
    one, other = found.numbers.astype(np.float64), ideal.numbers.astype(np.float64)
    usable = np.isfinite(one) & np.isfinite(other)
    distance = np.abs(one[usable] - other[usable])
    over = distance[distance > (absolute + relative * np.abs(one[usable])) / 2]
    return float(over.max()) if over.size else 0.0
