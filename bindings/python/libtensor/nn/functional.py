"""The functions that networks are made of, with PyTorch's parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from .._dispatch import function, grouped
from .._schema import Op
from .._warnings import warn


def _reduction(size_average: bool | None, reduce: bool | None) -> str:
    """What the two old parameters mean."""
    reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
    warn(
        "size_average and reduce args will be deprecated, please use "
        f"reduction='{reduction}' instead."
    )
    return reduction


def _parameters(op: Op) -> list[str]:
    """PyTorch's order of a loss's parameters, with the two that reduction= has replaced."""
    names = ["input" if arg.name == "self" else arg.name for arg in op.args]
    names.insert(
        names.index("ignore_index" if "ignore_index" in names else "reduction"), "size_average"
    )
    names.insert(names.index("reduction"), "reduce")
    return names


def _loss(call: Callable, op: Op) -> Callable:
    """A loss that takes its parameters by position in PyTorch's order."""
    names = _parameters(op)

    @wraps(call)
    def loss(*args, **kwargs):
        if len(args) > 2:
            kwargs = {**dict(zip(names, args)), **kwargs}
            args = ()
        old = kwargs.pop("size_average", None), kwargs.pop("reduce", None)
        if old != (None, None):
            kwargs["reduction"] = _reduction(*old)
        return call(*args, **kwargs)

    return loss


def _functional(name: str, ops: list[Op]) -> Callable:
    call = function(name, ops)
    if any(arg.name == "reduction" for arg in ops[0].args):
        return _loss(call, ops[0])
    return call


for _name, _ops in grouped("functional", "function").items():
    globals()[_name] = _functional(_name, _ops)

_in_place = {
    name: function(name, ops, "inplace") for name, ops in grouped("functional", "inplace").items()
}
_softmax_like = {
    name: globals()[name]
    for name, ops in grouped("functional", "function").items()
    if ops[0].dtype_keyword
}


def _with_inplace(name: str, call: Callable) -> Callable:
    """relu(x, inplace=True) is relu_(x)."""

    @wraps(call)
    def activation(input, inplace: bool = False):
        return _in_place[name](input) if inplace else call(input)

    return activation


def _with_old_dim(name: str, call: Callable) -> Callable:
    """softmax(input, dim, _stacklevel, dtype): a dim must be named."""

    @wraps(call)
    def along(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
        if dim is None:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        return call(input, dim) if dtype is None else call(input, dim, dtype=dtype)

    return along


for _name in _in_place:
    globals()[_name] = _with_inplace(_name, globals()[_name])
for _name, _call in _softmax_like.items():
    globals()[_name] = _with_old_dim(_name, _call)


def linear(input, weight, bias=None):
    """input @ weight.T + bias, for weight of shape [out, in]."""
    product = input.matmul(weight.t())
    return product if bias is None else product + bias
