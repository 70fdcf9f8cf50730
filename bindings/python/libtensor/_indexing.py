"""Indexing: `x[1, ..., 2:4, None]` as a chain of views, and assignment through it."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_int64
from operator import index as as_index

from ._dtypes import TYPE_NAMES
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


def _is_mask(part: object) -> bool:
    """A bool, or a 0-dim tensor of bool or uint8: a mask over a new dim of size 1."""
    if isinstance(part, bool):
        return True
    is_tensor = isinstance(part, Handle) and not part.dim()
    return is_tensor and part.dtype.name in ("bool", "uint8")


class _Parts:
    """What an index names: `view` is the part of the tensor that its numbers, slices and Nones
    name, `positions` and `masks` stand with the dim of that view where they apply."""

    def __init__(self, tensor: Handle, key: object):
        parts = key if isinstance(key, tuple) else (key,)
        self.view = tensor
        self.positions: list[tuple[int, Handle, int]] = []
        self.masks: list[tuple[int, bool]] = []
        self.sizes = tensor.shape
        self.unused = len(self.sizes) - sum(map(self._takes_dim, parts))
        if not self.sizes and self.unused and not any(map(_is_mask, parts)):
            _refuse_0dim(parts)
        # axis counts the dims of the tensor, dim those of the view, place the parts in messages
        self.axis = self.dim = self.place = 0
        for part in parts:
            if part is None:
                self.view = self.view.unsqueeze(self.dim)
                self._pass(0, 1, 1)
            elif part is Ellipsis:
                skipped = max(self.unused, 0)
                self.unused = 0  # a second ellipsis stands for no dims
                self._pass(skipped, skipped, skipped)
            elif _is_mask(part):
                self.masks.append((self.dim, bool(part)))
                self._pass(0, 0, 1)
            else:
                self._take(part, key is not part)

    @staticmethod
    def _takes_dim(part: object) -> bool:
        return part is not None and part is not Ellipsis and not _is_mask(part)

    def _pass(self, axes: int, dims: int, places: int) -> None:
        self.axis, self.dim, self.place = self.axis + axes, self.dim + dims, self.place + places

    def _take(self, part: object, whole_is_itself: bool) -> None:
        """A part that stands for one dim of the tensor."""
        is_slice = isinstance(part, slice)
        is_position = not is_slice and is_int(part)
        if not (is_slice or is_position or isinstance(part, (Handle, list))):
            raise _wrong_index(part)
        if self.axis >= len(self.sizes):
            raise IndexError(f"too many indices for tensor of dimension {len(self.sizes)}")
        size = self.sizes[self.axis]
        if is_position:
            position = as_index(part)
            _check_position(position, size, self.place)
            self.view = _view(_select, self.view, self.dim, position)
            return self._pass(1, 0, 1)
        if is_slice:
            self.view = _take_slice(self.view, self.dim, part, size, whole_is_itself)
        else:
            self.positions.append((self.dim, _index_tensor(part), self.place))
        self._pass(1, 1, 1)

    def masked(self) -> Handle:
        """The view with one dim for all masks, of size 0 where one of them is False. It stands
        where they stand, or first where they stand apart."""
        dim = self.masks[0][0]
        if any(other != dim for other, _ in self.masks):
            dim = 0
        size = int(all(on for _, on in self.masks))
        return _view(_slice, self.view.unsqueeze(dim), dim, 0, size, 1)


def view_of(tensor: Handle, key: object) -> Handle:
    """The part of a tensor that an index names: a view, or a copy where a tensor or a mask is the
    index."""
    parts = _Parts(tensor, key)
    if len(parts.positions) > 1:
        raise NotImplementedError("indexing with tensors in more than one dim is not supported yet")
    if parts.positions:
        return _taken(parts)
    if parts.masks:
        return parts.masked().clone()
    return _view(_alias, tensor) if parts.view is tensor else parts.view


def _taken(parts: _Parts) -> Handle:
    """The elements at positions, which masks beside them may reduce to none and move to the
    front."""
    ((dim, positions, place),) = parts.positions
    if any(not on for _, on in parts.masks):
        sizes = positions.shape
        if sizes[-1] > 1:
            before = [str([int(on)]) for at, on in parts.masks if at <= dim]
            after = [str([int(on)]) for at, on in parts.masks if at > dim]
            raise IndexError(
                "shape mismatch: indexing tensors could not be broadcast together with shapes "
                + ", ".join([*before, str(list(sizes)), *after])
            )
        positions = _view(_slice, positions, len(sizes) - 1, 0, 0, 1)
    result = _take_positions(parts.view, dim, positions, place)
    # A mask just before the positions has their dim, one just after them the next one.
    if all(at in (dim, dim + 1) for at, _ in parts.masks):
        return result
    count = positions.dim()
    order = [*range(dim, dim + count), *range(dim), *range(dim + count, result.dim())]
    return result.permute(order)


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
    if key is False:
        return  # not even a change of nothing, as in PyTorch
    found = _Parts(tensor, key)
    target = found.masked() if found.masks else found.view
    if isinstance(value, Handle):
        sizes = target.shape
        value = value if value.shape == sizes else _without_leading_ones(value)
        if found.masks:
            _check_put(value, target)
        if value.dim():
            value = value if value.shape == sizes else value.expand(sizes)
            target.copy_(value)
            return
    target.fill_(value)


def _without_leading_ones(value: Handle) -> Handle:
    sizes = value.shape
    leading = next((at for at, size in enumerate(sizes) if size != 1), len(sizes))
    return value.reshape(sizes[leading:]) if leading else value


def _check_put(value: Handle, target: Handle) -> None:
    """Where a mask chooses, the value must have the dtype, and a shape that can be broadcast."""
    if value.dtype is not target.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, "
            f"got {TYPE_NAMES[target.dtype.name]} for the destination "
            f"and {TYPE_NAMES[value.dtype.name]} for the source."
        )
    last = zip(reversed(value.shape), reversed(target.shape))
    if value.dim() > target.dim() or any(size not in (1, wanted) for size, wanted in last):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to "
            f"indexing result of shape {list(target.shape)}"
        )


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
