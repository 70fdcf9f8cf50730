"""Questions about tensors and the dtypes of results."""

from __future__ import annotations

from ._dtypes import DEFAULT, OF_PYTHON, category, dtype, promote_types, with_number
from ._handle import Handle
from ._values import plain_number


def is_tensor(obj: object) -> bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Handle)


def is_floating_point(input) -> bool:
    """Whether a tensor's dtype is a floating one."""
    return input.is_floating_point()


def numel(input) -> int:
    """How many elements a tensor has."""
    return input.numel()


def result_type(tensor1, tensor2) -> dtype:
    """The dtype of an operation on two tensors or numbers."""
    one, other = isinstance(tensor1, Handle), isinstance(tensor2, Handle)
    if one and other:
        return _of_tensors(tensor1, tensor2)
    if one:
        return with_number(tensor1.dtype, plain_number(tensor2))
    if other:
        return with_number(tensor2.dtype, plain_number(tensor1))
    kinds = [OF_PYTHON[type(plain_number(value))] for value in (tensor1, tensor2)]
    found = promote_types(*kinds)
    return DEFAULT if found.is_floating_point else found


def _of_tensors(one: Handle, other: Handle) -> dtype:
    """A 0-dim tensor counts only where its category is higher."""
    if bool(one.dim()) == bool(other.dim()):
        return promote_types(one.dtype, other.dtype)
    large, small = (one, other) if one.dim() else (other, one)
    if category(small.dtype) > category(large.dtype):
        return promote_types(large.dtype, small.dtype)
    return large.dtype
