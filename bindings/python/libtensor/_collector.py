"""Lets Python's garbage collector see the cycles that lead through the library.

A hook, or the context of a custom function, is held by a node of the graph, which a tensor may hold
that the hook refers to. Python sees neither the node nor what it holds: such objects live in
`_user._held`. For the time of a full collection they are moved to where they belong: the library
says which of its objects hold which, and as many stand-ins of Python's hold each other in the same
way. What the collector then finds unreachable it destroys, and the handles that go let the library
destroy its part. What it leaves moves back.
"""

from __future__ import annotations

import gc
import os
import sys
from ctypes import byref, c_size_t, c_uint64, c_void_p, cast
from threading import get_ident
from weakref import ref

from ._handle import Handle
from ._hooks import RemovableHandle
from ._library import native
from ._native import OWNERSHIP_KINDS
from ._node import Node
from ._structs import OwnershipStruct
from ._user import DESTROY, _held, _moved
from .autograd.function import _Application

_OWNERS = (Handle, Node, RemovableHandle, _Application)
_HERE = os.path.dirname(__file__)
_destroy = cast(DESTROY, c_void_p)
_FROM_HANDLE, _FROM_OBJECT, _TO_USER, _FROM_ELSEWHERE = (
    OWNERSHIP_KINDS[name] for name in ("handle", "object", "user", "other")
)


class _StandIn:
    """Stands for an object of the library, and holds what that does."""

    __slots__ = ("holds", "__weakref__")

    def __init__(self):
        self.holds: list = []


class _Cell:
    """Holds an object that the library knows by a number."""

    __slots__ = ("value", "__weakref__")

    def __init__(self, value: object):
        self.value = value


class _Collection:
    """What was moved for the time of one collection."""

    def __init__(self):
        self.roots: list[_StandIn] = []
        self.stand_ins: list[ref] = []
        self.cells: list[tuple[int, ref]] = []

    def begin(self) -> None:
        owners = _owners()
        entries = _entries(owners)
        stand_ins = _StandIns()
        cells = stand_ins.connect(owners, entries)
        self.roots = [stand_ins[to] for kind, _, to in entries if kind == _FROM_ELSEWHERE]
        self.stand_ins = [ref(one) for one in stand_ins.values()]
        if len(sys._current_frames()) > 1 and _entries(owners) != entries:
            return  # another thread was at work meanwhile
        self.cells = [(number, ref(cell)) for number, cell in cells.items()]
        for number, cell in self.cells:
            _moved[number] = cell
            _held.pop(number, None)

    def end(self) -> None:
        for number, cell in self.cells:
            found = cell()
            if _moved.pop(number, None) and found is not None:
                _held[number] = found.value
        for stand_in in self.stand_ins:
            found = stand_in()
            if found is not None:
                found.holds.clear()


def _subclasses(kind: type) -> set[type]:
    found = {kind}
    for derived in type.__subclasses__(kind):
        found |= _subclasses(derived)
    return found


def _owners() -> list:
    """All objects of Python that own a handle."""
    kinds = set().union(*map(_subclasses, _OWNERS))
    return [one for one in gc.get_objects() if type(one) in kinds and hasattr(one, "_handle")]


def _entries(owners: list) -> list[tuple[int, int, int]]:
    """Who holds whom below these handles, as the library tells it."""
    handles = (c_uint64 * len(owners))(*[one._handle.value or 0 for one in owners])
    count = c_size_t()
    capacity = 256
    while True:
        entries = (OwnershipStruct * capacity)()
        if native.ownership(handles, len(owners), _destroy, entries, capacity, byref(count)):
            return []  # there is no memory for it: another time
        if count.value <= capacity:
            return [(one.kind, one.source, one.to) for one in entries[: count.value]]
        capacity = count.value


class _StandIns(dict):
    """One for each object of the library, by its number."""

    def __missing__(self, number: int) -> _StandIn:
        found = self[number] = _StandIn()
        return found

    def connect(self, owners: list, entries: list) -> dict[int, _Cell]:
        """Lets them hold each other, and what the library knows by numbers; gives the latter."""
        cells: dict[int, _Cell] = {}
        for kind, source, to in entries:
            if kind == _FROM_HANDLE:
                owners[source]._held = self[to]
            elif kind == _FROM_OBJECT:
                self[source].holds.append(self[to])
            elif kind == _TO_USER and to in _held:
                if to not in cells:
                    cells[to] = _Cell(_held[to])
                self[source].holds.append(cells[to])
        return cells


def _others_at_work() -> bool:
    """Whether another thread is inside the library, or about to be."""
    frames = sys._current_frames()
    frames.pop(get_ident(), None)
    return any(frame.f_code.co_filename.startswith(_HERE) for frame in frames.values())


_running: list[_Collection] = []


def _around(phase: str, info: dict) -> None:
    """Called by Python before and after each collection."""
    if phase == "stop":
        while _running:
            _running.pop().end()
        if info["generation"] == 2 and not _others_at_work():
            native.collect_cycles(byref(c_size_t()))
    elif info["generation"] == 2 and _held and not _others_at_work():
        collection = _Collection()
        _running.append(collection)
        collection.begin()


gc.callbacks.append(_around)
