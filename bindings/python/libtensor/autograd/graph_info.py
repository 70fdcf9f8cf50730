"""Looking at the graph behind tensors: the memory it holds, and pictures of it."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import byref, c_char_p, c_size_t, create_string_buffer
from typing import NamedTuple

from .._edge import listed
from .._errors import check
from .._handle import Handle
from .._library import native
from .._structs import (
    GRAPH_MEMORY_SIZE,
    PICTURE_OPTIONS_SIZE,
    GraphMemoryStruct,
    PictureOptions,
)
from .._values import handles

__all__ = ["GraphMemory", "graph_memory", "graph_to_dot", "graph_to_html", "graph_to_svg"]


class GraphMemory(NamedTuple):
    """What a graph holds; a storage that several saved tensors share counts once."""

    nodes: int
    node_bytes: int
    saved_tensors: int
    saved_storages: int
    saved_bytes: int


def graph_memory(outputs) -> GraphMemory:
    """The memory held by the graph behind a tensor, or behind several together."""
    outputs = listed(outputs)
    found = GraphMemoryStruct(GRAPH_MEMORY_SIZE)
    check(native.graph_memory(handles(outputs), len(outputs), byref(found)))
    return GraphMemory(*(getattr(found, name) for name in GraphMemory._fields))


def _drawn(function, outputs, names: Mapping[str, Handle] | None, show_saved: bool) -> str:
    outputs, names = listed(outputs), dict(names or {})
    texts = (c_char_p * len(names))(*(name.encode() for name in names))
    leaves = handles(list(names.values()))
    options = PictureOptions(PICTURE_OPTIONS_SIZE, show_saved)
    options.set_leaves(texts, leaves, len(names))
    length = c_size_t()
    arguments = handles(outputs), len(outputs), byref(options)
    check(function(*arguments, None, 0, byref(length)))
    buffer = create_string_buffer(length.value + 1)
    check(function(*arguments, buffer, len(buffer), None))
    return buffer.value.decode()


def graph_to_dot(outputs, *, names=None, show_saved: bool = False) -> str:
    """The graph for Graphviz. `names` says what to call some leaves: {"weight": w}."""
    return _drawn(native.graph_to_dot, outputs, names, show_saved)


def graph_to_svg(outputs, *, names=None, show_saved: bool = False) -> str:
    """The graph as an SVG picture. With show_saved it tells what each node keeps for backward."""
    return _drawn(native.graph_to_svg, outputs, names, show_saved)


def graph_to_html(outputs, *, names=None, show_saved: bool = False) -> str:
    """A page with that picture, which needs nothing else."""
    return _drawn(native.graph_to_html, outputs, names, show_saved)
