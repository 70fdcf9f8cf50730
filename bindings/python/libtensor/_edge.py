"""Places in the graph, where gradients go."""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import Array, byref, c_uint32, c_void_p
from typing import NamedTuple

from ._errors import check
from ._handle import Handle
from ._library import native
from ._node import Node, node_of
from ._structs import EdgeStruct


class GradientEdge(NamedTuple):
    """Where a tensor's gradient goes: an output of a node."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Handle) -> GradientEdge:
    """The edge of a tensor that requires grad."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not "
            "require gradients"
        )
    handle, output_nr = c_void_p(), c_uint32()
    check(native.gradient_edge(tensor._handle, byref(handle), byref(output_nr)))
    return GradientEdge(node_of(handle), output_nr.value)


def listed(value: object) -> list:
    """What may be one tensor or edge, or several, as a list."""
    return [value] if isinstance(value, (Handle, GradientEdge)) else list(value)


def any_edge(items: Iterable) -> bool:
    """Whether not all of them are tensors."""
    return any(isinstance(item, GradientEdge) for item in items)


def edges(items: list, missing: str) -> Array:
    """Edges, and those of tensors, for C; `missing` is said of tensors that have none."""
    result = (EdgeStruct * len(items))()
    result.kept = list(items)
    for place, item in enumerate(items):
        if isinstance(item, Handle):
            if not item.requires_grad:
                raise RuntimeError(missing.format(place))
            item = result.kept[place] = get_gradient_edge(item)
        result[place].node, result[place].output_nr = item.node._handle, item.output_nr
    return result
