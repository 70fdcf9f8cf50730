"""CUDA devices."""

from __future__ import annotations

from ._library import native


def is_available() -> bool:
    """Whether tensors can live on a CUDA device."""
    return native.cuda_is_available()


def unavailable_reason() -> str:
    """Why they cannot; "" where they can."""
    return native.cuda_unavailable_reason().decode()


def device_count() -> int:
    """How many CUDA devices there are to use."""
    return int(is_available())


def current_device() -> int:
    """The device that "cuda" without a number stands for."""
    if not is_available():
        raise RuntimeError(unavailable_reason())
    return 0
