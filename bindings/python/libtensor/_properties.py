"""What can be read off a tensor, and Python's protocols for numbers and sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ctypes import (
    byref,
    c_bool,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_void_p,
    create_string_buffer,
)

from ._dtypes import BY_CODE, Size, device, device_of, dtype
from ._errors import check, fail
from ._handle import Handle
from ._library import bare, native
from ._native import DTYPES
from ._structs import Device, DoubleScalar, IntegerScalar
from ._warnings import warn

_BOOL, _FLOAT64 = DTYPES["bool"], DTYPES["float64"]
_SIZES = c_int64 * 64
_SOME = c_int64 * 8
_shape, _strides, _dtype = bare("shape"), bare("strides"), bare("dtype")
_ndim, _numel, _data, _item = bare("ndim"), bare("numel"), bare("data"), bare("item")
_storage_offset, _version = bare("storage_offset"), bare("version_of")
_is_contiguous, _device = bare("is_contiguous"), bare("device")


def _integers(function, tensor: Handle) -> tuple[int, ...]:
    """All sizes or strides."""
    found, count = _SOME(), c_size_t()
    status = function(tensor._handle, found, c_size_t(8), byref(count))
    if status:
        fail(status)
    if count.value > 8:
        found = _SIZES()
        check(function(tensor._handle, found, c_size_t(64), byref(count)))
    return tuple(found[: count.value])


def _read(function: Callable, kind: type, tensor: Handle) -> int | bool:
    """One number that a C function tells of a tensor."""
    found = kind()
    status = function(tensor._handle, byref(found))
    if status:
        fail(status)
    return found.value


def text_from(function, handle) -> str:
    """A text that a C function writes to a buffer."""
    length = c_size_t()
    buffer = create_string_buffer(512)
    check(function(handle, buffer, len(buffer), byref(length)))
    if length.value >= len(buffer):
        buffer = create_string_buffer(length.value + 1)
        check(function(handle, buffer, len(buffer), byref(length)))
    return buffer.raw[: length.value].decode()


class Properties(Handle):
    """Sizes, dtype, device, printing, numbers, iteration."""

    __slots__ = ()

    @property
    def shape(self) -> Size:
        """The sizes of all dims."""
        return Size(_integers(_shape, self))

    def size(self, dim: int | None = None) -> Size | int:
        """The sizes of all dims, or of one."""
        if dim is None:
            return self.shape
        if isinstance(dim, bool) or not hasattr(dim, "__index__"):
            raise TypeError(
                f"size(): argument 'dim' (position 1) must be int, not {type(dim).__name__}"
            )
        found = c_int64()
        check(native.size(self._handle, dim, byref(found)))
        return found.value

    def stride(self, dim: int | None = None) -> tuple[int, ...] | int:
        """How many elements of memory lie between neighbours along each dim, or along one."""
        if dim is None:
            return _integers(_strides, self)
        found = c_int64()
        check(native.stride(self._handle, dim, byref(found)))
        return found.value

    def dim(self) -> int:
        """How many dims there are."""
        return _read(_ndim, c_size_t, self)

    ndimension = dim
    ndim = property(dim)

    def numel(self) -> int:
        """How many elements there are."""
        return _read(_numel, c_int64, self)

    nelement = numel

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return BY_CODE[_read(_dtype, c_int32, self)]

    @property
    def device(self) -> device:
        """Where the memory is."""
        found = Device()
        check(_device(self._handle, byref(found)))
        return device_of(found)

    @property
    def is_cuda(self) -> bool:
        """Whether the memory is a CUDA device's."""
        return self.device.type == "cuda"

    @property
    def layout(self) -> str:
        """Always strided."""
        return "torch.strided"

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.numel() * self.dtype.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        return _read(_data, c_void_p, self) or 0

    def storage_offset(self) -> int:
        """How many elements of the memory lie before the first of this tensor."""
        return _read(_storage_offset, c_int64, self)

    def is_contiguous(self) -> bool:
        """Whether the elements lie one after the other in row-major order."""
        return _read(_is_contiguous, c_bool, self)

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating one."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Always False: there are no complex dtypes yet."""
        return False

    @property
    def _version(self) -> int:
        return _read(_version, c_uint32, self)

    def item(self) -> bool | int | float:
        """The one element as a Python number."""
        found = IntegerScalar()
        check(_item(self._handle, byref(found)))
        if found.dtype == _FLOAT64:
            return DoubleScalar.from_buffer(found).value
        return bool(found.value & 1) if found.dtype == _BOOL else found.value

    def __repr__(self) -> str:
        return text_from(native.to_string, self._handle)

    def __format__(self, spec: str) -> str:
        if not self.dim():
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __bool__(self) -> bool:
        count = self.numel()
        if count != 1:
            what = "more than one value" if count else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self.item())

    def _only_element(self) -> bool | int | float:
        if self.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __int__(self) -> int:
        return int(self._only_element())

    def __float__(self) -> float:
        element = self._only_element()
        if self.requires_grad:
            warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
                "behavior.\nConsider using tensor.detach() first."
            )
        return float(element)

    def __complex__(self) -> complex:
        return complex(self._only_element())

    def __index__(self) -> int:
        if self.numel() != 1 or self.dtype.is_floating_point:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        sizes = _integers(_shape, self)
        if not sizes:
            raise TypeError("len() of a 0-d tensor")
        return sizes[0]

    def __iter__(self) -> Iterator:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: object) -> bool:
        return bool((self == element).any())

    def __hash__(self) -> int:
        return id(self)
