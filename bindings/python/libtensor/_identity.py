"""The Python object that stands for a tensor which the library gives back: a leaf, its grad, what a
function has saved. The same object while one lives, with the same attributes after that."""

from __future__ import annotations

import gc
from ctypes import byref, c_bool, c_uint64
from weakref import WeakValueDictionary, getweakrefcount

from ._errors import check, fail
from ._handle import Handle, fresh, set_outlives
from ._library import bare, native
from ._user import DESTROY, hold

_id = bare("id")
_objects: WeakValueDictionary[int, Handle] = WeakValueDictionary()
_pinned: dict[int, Handle] = {}
"""Objects that only weak references and the library's tensors may lead to."""


def remember(tensor: Handle) -> Handle:
    """Let this object stand for its tensor from here on, unless there is one already."""
    if not tensor._known:
        standing_for(tensor)
    return tensor


def standing_for(tensor: Handle) -> Handle:
    """The object that stands for the same tensor, which becomes this one where there is none."""
    found = c_uint64()
    status = _id(tensor._handle, byref(found))
    if status:
        fail(status)
    number = found.value
    before = _objects.get(number)
    if before is not None:
        if before._handle:
            return before
        # The tensor itself keeps its attributes: they go over to this object.
        tensor.__dict__ = before.__dict__
        before._known = 0
        check(native.set_companion(tensor._handle, None, None))
    tensor._known = number
    _objects[number] = tensor
    return tensor


@set_outlives
def _outlives(tensor: Handle) -> bool:
    """Keeps the object's attributes, or the object itself where it is weakly referenced, for as
    long as something in the library refers to the tensor."""
    if getweakrefcount is None:  # the interpreter shuts down
        return False
    references = getweakrefcount(tensor) > (_objects.get(tensor._known) is tensor)
    if not (references or tensor.__dict__):
        return False
    shared = c_bool()
    if native.is_shared(tensor._handle, byref(shared)) or not shared.value:
        return False
    if references:
        _pin(tensor)
        return True
    kept = fresh()  # Python calls __del__ once in an object's life, so another one goes on
    kept.__dict__ = tensor.__dict__
    kept._known = tensor._known
    _objects[kept._known] = kept
    native.set_companion(tensor._handle, hold(kept), DESTROY)
    return False


def _pin(tensor: Handle) -> None:
    keeper = fresh()  # its handle goes with it, although __del__ is not called again
    keeper._handle = tensor._handle
    tensor._keeper = keeper
    _objects[tensor._known] = _pinned[tensor._known] = tensor


def _unpin(phase: str, info: dict) -> None:
    """Lets go of what the library does not refer to any more."""
    if phase != "start" or not _pinned:
        return
    shared = c_bool()
    for number, tensor in list(_pinned.items()):
        if native.is_shared(tensor._handle, byref(shared)) or not shared.value:
            _pinned.pop(number, None)


gc.callbacks.append(_unpin)
