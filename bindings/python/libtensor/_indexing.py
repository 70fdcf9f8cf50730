"""Indexing: `x[1, ..., 2:4, None]` as a chain of views, and assignment through it."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_int64
from operator import index as as_index

from ._errors import fail
from ._handle import Handle, fresh
from ._library import bare
from ._values import check_element, is_int, is_number

_END = 2**63 - 1
_FIRST = c_int64(0)
_slice, _select, _alias = bare("slice"), bare("select"), bare("alias")


def _view(function: Callable, tensor: Handle, *numbers: int) -> Handle:
    """The view that a C function of a tensor and integers gives."""
    result = fresh()
    status = function(tensor._handle, *map(c_int64, numbers), byref(result._handle))
    if status:
        fail(status)
    return result


def _bound(value: object, default: int) -> int:
    if value is None:
        return default
    try:
        value = as_index(value)
    except TypeError:
        raise TypeError(
            "slice indices must be integers or None or have an __index__ method"
        ) from None
    return max(-_END - 1, min(value, _END))


def _take_slice(
    tensor: Handle, dim: int, part: slice, size: int, whole_is_itself: bool = True
) -> Handle:
    step = _bound(part.step, 1)
    if step <= 0:
        raise ValueError("step must be greater than zero")
    start, end = _bound(part.start, 0), _bound(part.stop, _END)
    if whole_is_itself and start in (0, -size) and step == 1 and end >= size:
        return tensor
    return _view(_slice, tensor, dim, start, end, step)


def _check_position(position: int, size: int, place: int) -> None:
    if not -size <= position < size:
        raise IndexError(
            f"index {position} is out of bounds for dimension {place} with size {size}"
        )


def _take_positions(tensor: Handle, dim: int, positions: Handle, place: int) -> Handle:
    """index_select, with negative positions and positions of any shape. `place` is the dim's
    number in messages."""
    sizes = tensor.shape
    flat = positions.reshape(-1)
    for position in flat.tolist():
        _check_position(position, sizes[dim], place)
    flat = flat.long()
    if (
        flat.device.type == "cpu"
    ):  # where lists become tensors; they may index tensors of any device
        flat = flat.to(tensor.device)
    found = tensor.index_select(dim, (flat < 0).long() * sizes[dim] + flat)
    return found.reshape((*sizes[:dim], *positions.shape, *sizes[dim + 1 :]))


def _index_tensor(item: Handle | list) -> Handle:
    """A tensor that stands as an index, checked."""
    if isinstance(item, list):
        from ._creation import tensor

        item = tensor(item)
        if not item.numel():
            item = item.long()
    name = item.dtype.name
    if name in ("bool", "uint8"):
        raise NotImplementedError(
            "indexing with a boolean mask is not supported yet: use torch.where to choose "
            "elements by a condition"
        )
    if item.dtype.is_floating_point or name in ("int8", "int16"):
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return item


def view_of(tensor: Handle, key: object) -> Handle:
    """The part of a tensor that an index names: a view, or a copy where a tensor is the index."""
    parts = key if isinstance(key, tuple) else (key,)
    sizes = tensor.shape
    unused = len(sizes) - sum(part is not None and part is not Ellipsis for part in parts)
    if not sizes and unused:
        _refuse_0dim(parts)
    result, axis, dim, place = tensor, 0, 0, 0
    positions: list[tuple[int, Handle, int]] = []
    # axis counts the dims of the tensor, dim those of the result, place the parts in messages
    for part in parts:
        if part is None:
            result = result.unsqueeze(dim)
            dim, place = dim + 1, place + 1
            continue
        if part is Ellipsis:
            skipped = max(unused, 0)
            unused = 0  # a second ellipsis stands for no dims
            axis, dim, place = axis + skipped, dim + skipped, place + skipped
            continue
        if isinstance(part, bool):
            raise NotImplementedError("indexing with a bool is not supported yet")
        is_slice = isinstance(part, slice)
        is_position = not is_slice and is_int(part)
        if not (is_slice or is_position or isinstance(part, (Handle, list))):
            raise _wrong_index(part)
        if axis >= len(sizes):
            raise IndexError(f"too many indices for tensor of dimension {len(sizes)}")
        if is_position:
            position = as_index(part)
            _check_position(position, sizes[axis], place)
            result = _view(_select, result, dim, position)
            dim -= 1
        elif is_slice:
            result = _take_slice(result, dim, part, sizes[axis], key is not part)
        else:
            positions.append((dim, _index_tensor(part), place))
        axis, dim, place = axis + 1, dim + 1, place + 1
    if len(positions) > 1:
        raise NotImplementedError("indexing with tensors in more than one dim is not supported yet")
    for at, found, where in positions:
        result = _take_positions(result, at, found, where)
    return _view(_alias, tensor) if result is tensor else result


def _refuse_0dim(parts: tuple) -> None:
    if any(is_int(part) for part in parts):
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    if any(isinstance(part, slice) for part in parts):
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")


def _wrong_index(part: object) -> Exception:
    if isinstance(part, (str, bytes)):
        return TypeError(f"new(): invalid data type '{type(part).__name__}'")
    return IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
        f"valid indices (got {type(part).__name__})"
    )


def assign(tensor: Handle, key: object, value: object) -> None:
    """`tensor[key] = value`."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(part, list) or isinstance(part, Handle) and part.dim() for part in parts):
        raise NotImplementedError("assignment through an index tensor is not supported yet")
    if not isinstance(value, Handle) and not is_number(value):
        raise TypeError(f"can't assign a {type(value).__name__} to a {tensor.type()}")
    check_element(value)
    target = view_of(tensor, key)
    if not isinstance(value, Handle) or not value.dim():
        target.fill_(value)
        return
    sizes = value.shape
    if sizes != target.shape:
        leading = next((at for at, size in enumerate(sizes) if size != 1), len(sizes))
        value = value.reshape(sizes[leading:]) if leading else value
        value = value.expand(target.shape)
    target.copy_(value)


class Indexing(Handle):
    """`x[key]` and `x[key] = value`."""

    __slots__ = ()

    def __getitem__(self, key):
        if type(key) is int and -(2**63) <= key < 2**63:
            result = fresh()
            if not _select(self._handle, _FIRST, c_int64(key), byref(result._handle)):
                return result
            # view_of says what is wrong in the words of indexing
        return view_of(self, key)

    def __setitem__(self, key, value) -> None:
        assign(self, key, value)
