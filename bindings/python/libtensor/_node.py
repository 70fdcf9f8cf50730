"""Nodes of the graph: the operations that backward runs through."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_size_t, c_uint32, c_uint64, c_void_p
from functools import cache
from weakref import WeakValueDictionary

from ._errors import check
from ._handle import fresh
from ._hooks import RemovableHandle, register_node_hook, register_node_prehook
from ._identity import standing_for
from ._library import native
from ._properties import text_from

_WRITTEN_BY_HAND = {"AccumulateGrad", "CopySlices", "CopyBackwards", "DelayedError"}
"""Nodes that PyTorch does not generate, and names in full."""


class Node:
    """The operation of the graph that made a tensor."""

    __slots__ = ("_handle", "_text", "_metadata", "_held", "__weakref__")

    def __init__(self, handle: c_void_p, name: str):
        self._handle, self._text, self._metadata = handle, name, {}

    def name(self) -> str:
        """PyTorch's name of the operation's derivative: "MulBackward0"."""
        return f"torch::autograd::{self._text}" if self._text in _WRITTEN_BY_HAND else self._text

    @property
    def metadata(self) -> dict:
        """Whatever a program wants to note about the node; kept while the node is looked at."""
        return self._metadata

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """For each input the node that its gradient goes to, and which output of that it is."""
        count = c_size_t()
        check(native.node_edge_count(self._handle, byref(count)))
        return tuple(self._edge(place) for place in range(count.value))

    def _edge(self, place: int) -> tuple[Node | None, int]:
        handle, output_nr = c_void_p(), c_uint32()
        check(native.node_edge(self._handle, place, byref(handle), byref(output_nr)))
        return node_of(handle), output_nr.value

    def register_hook(self, hook: Callable) -> RemovableHandle:
        """Have `hook(grad_inputs, grad_outputs)` called after the node has run; a tuple that it
        returns takes the place of grad_inputs."""
        return register_node_hook(self._handle, hook)

    def register_prehook(self, hook: Callable) -> RemovableHandle:
        """Have `hook(grad_outputs)` called before the node runs; a tuple that it returns takes
        their place."""
        return register_node_prehook(self._handle, hook)

    def _sequence_nr(self) -> int:
        found = c_uint64()
        check(native.node_sequence(self._handle, byref(found)))
        return found.value

    def __getattr__(self, name: str):
        """What the node has saved: `_saved_self`, `_saved_other`, `_saved_result`."""
        if name.startswith("_saved_"):
            count = c_size_t()
            check(native.node_saved_count(self._handle, byref(count)))
            for place in range(count.value):
                if self._saved_name(place) == name.removeprefix("_saved_"):
                    result = fresh()
                    check(native.node_saved_tensor(self._handle, place, byref(result._handle)))
                    return standing_for(result) if result._handle else None
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _saved_name(self, place: int) -> str:
        return text_from(
            lambda node, *buffer: native.node_saved_name(node, place, *buffer), self._handle
        )

    def __repr__(self) -> str:
        return f"<{self._text} object at {id(self):#x}>"

    def __del__(self, release=native.node_release) -> None:
        release(self._handle)


class _AccumulateGrad(Node):
    __slots__ = ()

    @property
    def variable(self):
        """The leaf that the node adds to."""
        result = fresh()
        check(native.node_variable(self._handle, byref(result._handle)))
        return standing_for(result) if result._handle else None


@cache
def _node_class(name: str) -> type:
    base = _AccumulateGrad if name == "AccumulateGrad" else Node
    return type(name, (base,), {"__slots__": ()})


_nodes: WeakValueDictionary[int, Node] = WeakValueDictionary()


def node_of(handle: c_void_p) -> Node | None:
    """The node of an owned handle; the same object while one lives. None for NULL."""
    if not handle:
        return None
    number = c_uint64()
    check(native.node_id(handle, byref(number)))
    found = _nodes.get(number.value)
    if found is not None:
        check(native.node_release(handle))
        return found
    name = text_from(native.node_name, handle)
    node = _node_class(name)(handle, name)
    _nodes[number.value] = node
    return node
