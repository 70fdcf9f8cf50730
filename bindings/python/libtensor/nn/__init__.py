"""Functions for neural networks."""

from . import functional

__all__ = ["functional"]
