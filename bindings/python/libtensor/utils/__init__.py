"""Helpers around the tensors: checkpointing."""

from . import checkpoint
