"""Settings of the whole library: random numbers and threads."""

from __future__ import annotations

import os
from ctypes import byref

from ._dtypes import DEFAULT, dtype
from ._errors import check
from ._handle import Handle, fresh
from ._library import native

_seed = 67280421310721


def manual_seed(seed: int) -> None:
    """Start the random numbers anew: the same seed gives the same numbers, and PyTorch's."""
    global _seed
    seed = int(seed)
    if not -(2**63) <= seed < 2**64:
        raise RuntimeError("Overflow when unpacking long long")
    _seed = seed % 2**64
    check(native.manual_seed(_seed))


def initial_seed() -> int:
    """The seed that manual_seed was last given."""
    return _seed


def get_rng_state():
    """The state of the random numbers, as a tensor of bytes: the same as PyTorch's."""
    state = fresh()
    check(native.get_rng_state(byref(state._handle)))
    return state


def set_rng_state(new_state) -> None:
    """Let the random numbers go on from such a state."""
    if not isinstance(new_state, Handle):
        raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
    check(native.set_rng_state(new_state._handle))


def set_float32_matmul_precision(precision: str) -> None:
    """How exact matrix products of float32 are on CUDA devices: "highest" (as on the CPU), or
    "high" or "medium", which both mean TF32."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(
            f"'{precision}' is not one of 'highest', 'high' or 'medium': "
            "it is no precision of float32 matmul"
        )
    check(native.cuda_allow_tf32(precision != "highest"))


def get_float32_matmul_precision() -> str:
    """ "highest", or "high" where TF32 is allowed."""
    return "high" if native.cuda_tf32_allowed() else "highest"


def set_num_threads(int: int) -> None:
    """Let operations use so many threads; results do not depend on it."""
    if type(int).__name__ != "int":
        raise RuntimeError(f"set_num_threads expects an int, but got {type(int).__name__}")
    if int < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    check(native.set_num_threads(int))


def get_num_threads() -> int:
    """How many threads operations may use."""
    return native.get_num_threads()


def get_default_dtype() -> dtype:
    """The dtype of new floating tensors: float32."""
    return DEFAULT


def set_default_dtype(d: dtype) -> None:
    """Accepts what is so already: float32."""
    if d is not DEFAULT:
        raise NotImplementedError(f"the default dtype is {DEFAULT} and cannot be changed yet")


def live_handles() -> int:
    """Handles of the C library that nobody has released yet: a leak shows here."""
    return native.live_handles()


def load_backend(path: str | os.PathLike) -> None:
    """Take the devices of the backend in a file as the CUDA devices, before any is used."""
    check(native.backend_load(os.fspath(path).encode()))
