"""Tensors as other tensors, and as Python's and NumPy's values."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from ctypes import byref, c_bool, create_string_buffer

from ._dispatch import direct, function, named
from ._dtypes import ALIASES, BY_NAME, DEFAULT, OF_PYTHON, TYPE_NAMES, Size, device, dtype
from ._errors import check
from ._handle import Handle, fresh
from ._library import native
from ._modes import is_grad_enabled
from ._values import is_dtype
from ._warnings import warn

_to, _to_copy, _to_non_blocking = direct("to"), direct("to_copy"), direct("to_non_blocking")
_copy_, _copy_non_blocking_ = (
    function(name, named(name), "inplace", method=True) for name in ("copy", "copy_non_blocking")
)
_contiguous, _pin_memory = direct("contiguous"), direct("pin_memory")

ARRAY_CODES = {
    "bool": "b", "uint8": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "float32": "f", "float64": "d",
}  # fmt: skip
"""The codes of module array; half precision has none and is read as float32."""


def is_same(one: Handle, other: Handle) -> bool:
    """Whether two handles stand for one tensor."""
    found = c_bool()
    check(native.is_same(one._handle, other._handle, byref(found)))
    return found.value


def _kept(tensor: Handle, result: Handle) -> Handle:
    """The Python object that there is already, where the C library gave the same tensor back."""
    return tensor if is_same(tensor, result) else result


def _target(args: tuple, kwargs: dict) -> tuple[dtype | None, device | None, bool, bool]:
    """dtype, device, copy and non_blocking of a call of to(), in any of its forms."""
    names = ["non_blocking", "copy"]
    values: dict[str, object] = {}
    rest = list(args)
    if rest and isinstance(rest[0], Handle):
        other = rest.pop(0)
        values.update(dtype=other.dtype, device=other.device)
    elif rest and is_dtype(rest[0]):
        values["dtype"] = rest.pop(0)
    else:
        names = ["device", "dtype", *names]
    if len(rest) > len(names):
        raise TypeError(f"to() takes at most {len(names)} arguments ({len(rest)} given)")
    values.update(zip(names, rest))
    for key, value in kwargs.items():
        if key == "other":
            values.update(dtype=value.dtype, device=value.device)
        elif key in ("dtype", "device", "non_blocking", "copy"):
            values[key] = value
        elif key != "memory_format":
            raise TypeError(f"to() got an unexpected keyword argument '{key}'")
    found, where = values.get("dtype"), values.get("device")
    if found is not None and not is_dtype(found):
        raise TypeError(
            "to() received an invalid combination of arguments - got "
            f"({', '.join(type(value).__name__ for value in args)}), but expected one of:"
        )
    flags = bool(values.get("copy")), bool(values.get("non_blocking"))
    return OF_PYTHON.get(found, found), None if where is None else device(where), *flags


class Conversions(Handle):
    """The part of Tensor that makes something else of it."""

    __slots__ = ()

    def to(self, *args, **kwargs):
        """This tensor with another dtype, on another device, or like another tensor.

        Forms: to(dtype), to(device), to(device, dtype), to(other); `copy=True` copies even where
        nothing changes, else the tensor itself is given. With `non_blocking=True` the host goes on
        while bytes move between pinned memory and a CUDA device.
        """
        wanted, where, copy, non_blocking = _target(args, kwargs)
        if copy and not non_blocking:
            return _to_copy(self, wanted or self.dtype, where or self.device)
        convert = _to_non_blocking if non_blocking else _to
        result = _kept(self, convert(self, {"dtype": wanted, "device": where}))
        return result.clone() if copy and result is self else result

    def copy_(self, src, non_blocking: bool = False):
        """Copy the elements of `src`, broadcast and converted, into this tensor."""
        return (_copy_non_blocking_ if non_blocking else _copy_)(self, src)

    def pin_memory(self):
        """This CPU tensor in pinned memory: itself where it is there already."""
        return _kept(self, _pin_memory(self))

    def is_pinned(self) -> bool:
        """Whether this is in host memory that CUDA devices copy from and to by themselves."""
        found = c_bool()
        check(native.is_pinned(self._handle, byref(found)))
        return found.value

    def record_stream(self, stream) -> None:
        """Keep the memory, once given back, until the stream's work so far is done."""
        check(native.record_stream(self._handle, stream._handle))

    def type(self, dtype=None):
        """The name of the tensor's type, or the tensor converted to a dtype."""
        if dtype is None:
            return f"torch.{TYPE_NAMES[self.dtype.name]}Tensor"
        if isinstance(dtype, str):
            named = {f"torch.{text}Tensor": name for name, text in TYPE_NAMES.items()}
            if dtype not in named:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = BY_NAME[named[dtype]]
        return self.to(dtype)

    def type_as(self, other):
        """This tensor with the dtype and on the device of another."""
        return self.to(other)

    def cpu(self):
        """This tensor in the host's memory."""
        return self.to("cpu")

    def cuda(self, device=None, non_blocking: bool = False):
        """This tensor on a CUDA device."""
        return self.to("cuda" if device is None else device, non_blocking=non_blocking)

    def contiguous(self, memory_format: object = None):
        """This tensor with its elements in row-major order: itself where it is so already."""
        return _kept(self, _contiguous(self))

    def view_as(self, other):
        """A view with another tensor's shape."""
        return self.view(other.shape)

    def reshape_as(self, other):
        """The same elements in another tensor's shape."""
        return self.reshape(other.shape)

    def expand_as(self, other):
        """A view that repeats this tensor to another's shape."""
        return self.expand(other.shape)

    def as_strided(self, size, stride, storage_offset: int | None = None):
        """A view of the same memory with the given shape, strides and offset, in elements."""
        return _as_strided(self, size, stride, storage_offset)

    @property
    def T(self):
        """The tensor with its dims in reverse order."""
        if self.dim() == 0:
            warn(
                "Tensor.T is deprecated on 0-D tensors. This function is the identity in these "
                "cases."
            )
        elif self.dim() > 2:
            warn(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
                "deprecated and it will throw an error in a future release. Consider `x.mT` to "
                "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` "
                "to reverse the dimensions of a tensor."
            )
        return self.permute(tuple(reversed(range(self.dim()))))

    @property
    def mT(self):
        """The tensor with its last two dims exchanged: each matrix transposed."""
        if self.dim() < 2:
            raise RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. "
                f"Got {self.dim()}-D tensor."
            )
        return self.transpose(-2, -1)

    def _bytes(self) -> bytes:
        """The elements in row-major order."""
        count = self.nbytes
        buffer = create_string_buffer(max(count, 1))
        check(native.copy_to(self._handle, buffer, count))
        return buffer.raw[:count]

    def tolist(self):
        """The elements as nested lists of Python numbers; a number for a 0-dim tensor."""
        shape = self.shape
        if not shape:
            return self.item()
        source = self.detach()
        if source.dtype.name not in ARRAY_CODES:
            source = source.to(DEFAULT)
        values = array(ARRAY_CODES[source.dtype.name])
        values.frombytes(source._bytes())
        flat = list(map(bool, values)) if source.dtype.name == "bool" else values.tolist()
        return nested(flat, shape)

    def numpy(self, *, force: bool = False):
        """A NumPy array over the same memory. Of a tensor that requires grad only where nothing is
        recorded, since autograd does not follow the array."""
        if force:
            return self.detach().cpu().numpy()
        if self.requires_grad and is_grad_enabled():
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. "
                "Use tensor.detach().numpy() instead."
            )
        if self.device.type != "cpu":
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )
        return _array(self)

    def __array__(self, dtype=None, copy=None):
        found = self.numpy()
        if dtype is not None:
            return found.astype(dtype, copy=bool(copy))
        return found.copy() if copy else found

    def __copy__(self):
        result = fresh()
        check(native.retain(self._handle, byref(result._handle)))
        return result

    def __deepcopy__(self, memo: dict):
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment."
            )
        if id(self) not in memo:
            memo[id(self)] = self.detach().clone().requires_grad_(self.requires_grad)
        return memo[id(self)]


_as_strided = direct("as_strided")


def nested(flat: list, shape: tuple[int, ...]) -> list:
    """A flat list as lists of lists."""
    for position in range(len(shape) - 1, 0, -1):
        size = shape[position]
        count = Size(shape[:position]).numel()
        flat = [flat[at * size : (at + 1) * size] for at in range(count)]
    return flat


class _Memory:
    """What NumPy reads to make an array over a tensor's memory; it keeps the tensor alive."""

    def __init__(self, tensor: Handle):
        kind = tensor.dtype
        letter = (
            "b"
            if kind.name == "bool"
            else "f"
            if kind.is_floating_point
            else "iu"[not kind.is_signed]
        )
        order = "<" if sys.byteorder == "little" else ">"
        self.tensor = tensor.detach()  # a handle that in-place changes of geometry do not reach
        self.__array_interface__ = {
            "version": 3,
            "shape": tuple(tensor.shape),
            "typestr": f"{'|' if kind.itemsize == 1 else order}{letter}{kind.itemsize}",
            "data": (tensor.data_ptr(), False),
            "strides": tuple(stride * kind.itemsize for stride in tensor.stride()),
        }


def _array(tensor: Handle):
    import numpy

    if tensor.dtype.name == "bfloat16":
        raise TypeError("Got unsupported ScalarType BFloat16")
    if not tensor.numel():
        return numpy.empty(tensor.shape, tensor.dtype.name)
    return numpy.asarray(_Memory(tensor))


def _conversion(name: str, wanted: dtype) -> Callable:
    def method(self):
        return self.to(wanted)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"This tensor as {wanted}."
    return method


def add_conversions(cls: type) -> None:
    """float(), long(), half() and the like: a method for each dtype's other names."""
    names = {alias: BY_NAME[name] for alias, name in ALIASES.items()}
    names.update({text.lower(): BY_NAME[name] for name, text in TYPE_NAMES.items()})
    for name, wanted in names.items():
        setattr(cls, name, _conversion(name, wanted))
