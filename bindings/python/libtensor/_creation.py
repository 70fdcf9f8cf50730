"""Tensors from Python's data and NumPy's: tensor, as_tensor, from_numpy, frombuffer; ranges."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable
from ctypes import CFUNCTYPE, byref, c_void_p
from functools import cache
from itertools import count as counter

from ._calls import runner
from ._data import flattened, infer, packed
from ._dispatch import OF_NAME, without_options
from ._dtypes import BY_NAME, device, dtype
from ._errors import check
from ._handle import Handle, fresh
from ._identity import remember
from ._library import native
from ._options import packer
from ._values import (
    dtype_object,
    integer,
    integers,
    is_dtype,
    is_int,
    is_number,
    options,
    scalar,
)


def _tensor_options(dtype, device, requires_grad) -> dict[str, object]:
    if dtype is not None and not is_dtype(dtype):
        raise TypeError(
            f"tensor(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}"
        )
    return {"dtype": dtype, "device": device, "requires_grad": requires_grad}


def from_bytes(data: object, shape: tuple[int, ...], kind: dtype) -> Handle:
    """A tensor with a copy of row-major elements."""
    result = fresh()
    sizes, count = integers(shape)
    wanted = options({"dtype": kind})
    check(native.from_data(data, sizes, count, wanted, byref(result._handle)))
    return result


def tensor(
    data,
    *,
    dtype: dtype | None = None,
    device: str | device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
):
    """A tensor with a copy of the data: a number, nested sequences, a NumPy array or a tensor.

    Without a dtype it is that of the data: float32 for Python floats, int64 for integers, bool
    for bools.
    """
    wanted = _tensor_options(dtype, device, requires_grad)
    if isinstance(data, Handle):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()"
            ".clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor).",
            stacklevel=2,
        )
        made = data.detach().clone()
    elif hasattr(data, "__array_interface__"):
        made = _copy_of_array(data)
    else:
        made = _from_python(data, None if dtype is None else dtype_object(dtype))
    return _finished(made, wanted)


def _finished(made: Handle, wanted: dict[str, object]):
    """The tensor as the options want it."""
    if wanted["dtype"] is not None or wanted["device"] is not None:
        made = made.to(wanted["device"], wanted["dtype"])
    if wanted["requires_grad"]:
        if not made.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        made.requires_grad = True
    return made


def _from_python(data: object, wanted: dtype | None) -> Handle:
    values, shape = flattened(data)
    kind = infer(values) if wanted is None else wanted
    raw, stored = packed(values, kind)
    return from_bytes(raw, shape, stored).to(kind)


def _numpy():
    import numpy

    return numpy


def _copy_of_array(array: object) -> Handle:
    numpy = _numpy()
    array = numpy.asarray(array)
    kind = dtype_of_array(array)
    raw = numpy.ascontiguousarray(array)
    return from_bytes(raw.ctypes.data_as(c_void_p), array.shape, kind)


def dtype_of_array(array) -> dtype:
    """The dtype of a NumPy array's elements."""
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. "
            "Conversion between byte orders is currently not supported."
        )
    found = BY_NAME.get(array.dtype.name)
    if found is None:
        listed = ", ".join(reversed([name for name in BY_NAME if name != "bfloat16"]))
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}. "
            f"The only supported types are: {listed}."
        )
    return found


def as_tensor(data, dtype: dtype | None = None, device: str | device | None = None):
    """The data as a tensor, without a copy where it is a tensor or a NumPy array already."""
    if isinstance(data, Handle):
        made = data
    elif type(data).__name__ == "ndarray":
        made = from_numpy(data)
    else:
        return tensor(data, dtype=dtype, device=device)
    return made.to(device, dtype)


# ---- memory of other owners


_owners: dict[int, object] = {}
_numbers = counter(1)


@CFUNCTYPE(None, c_void_p)
def _let_go(number: int) -> None:
    """Called by the C library, on any thread, when nothing uses the memory any more."""
    _owners.pop(number, None)


# The library may call it after the module's globals are gone: it lives as long as the process.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_let_go))


def over_memory(owner: object, address: int, shape, strides, kind: dtype) -> Handle:
    """A tensor over memory that lives as long as `owner`, which is kept alive."""
    result = fresh()
    number = next(_numbers)
    sizes, count = integers(shape)
    steps = None if strides is None else integers(strides)[0]
    _owners[number] = owner
    status = native.from_blob(
        address, sizes, steps, count, options({"dtype": kind}), _let_go, number,
        byref(result._handle),
    )  # fmt: skip
    if status:
        del _owners[number]
    check(status)
    return result


def from_numpy(ndarray):
    """A tensor over the memory of a NumPy array: what one changes, the other shows."""
    if type(ndarray).__name__ not in ("ndarray", "memmap"):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    size = ndarray.itemsize
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    kind = dtype_of_array(ndarray)
    if any(step % size for step in ndarray.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy "
            "array to reallocate the memory."
        )
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors: writing to the tensor writes to the array.",
            stacklevel=2,
        )
    strides = [step // size for step in ndarray.strides]
    return over_memory(ndarray, ndarray.ctypes.data, ndarray.shape, strides, kind)


def frombuffer(
    buffer, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
):
    """A 1-d tensor over the memory of an object with Python's buffer protocol.

    Read-only memory is copied.
    """
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    size, length = dtype.itemsize, view.nbytes
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({length} bytes) minus 1"
        )
    if count < 0:
        if (length - offset) % size:
            raise ValueError(
                f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be "
                f"a multiple of element size ({size})"
            )
        count = (length - offset) // size
    if offset + count * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must "
            f"not be greater than actual buffer length ({length} bytes)"
        )
    if view.readonly:
        made = from_bytes(view.cast("B")[offset : offset + count * size].tobytes(), (count,), dtype)
    else:
        owner = (ctypes.c_char * length).from_buffer(view)
        made = over_memory(owner, ctypes.addressof(owner) + offset, (count,), None, dtype)
    return made.requires_grad_() if requires_grad else made


# ---- ranges, whose arguments have defaults in front


def arange(
    *args,
    out=None,
    dtype: dtype | None = None,
    layout: object = None,
    device: str | device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **kwargs,
):
    """A 1-d tensor of start, start + step, ... up to but without end: arange(end),
    arange(start, end), arange(start, end, step)."""
    names = ["end"] if len(args) == 1 and "end" not in kwargs else ["start", "end", "step"]
    values: dict[str, object] = {"start": 0, "step": 1, **dict(zip(names, args)), **kwargs}
    if set(values) != {"start", "end", "step"} or len(args) > 3:
        got = ", ".join(type(value).__name__ for value in args)
        raise TypeError(
            f"arange() received an invalid combination of arguments - got ({got}), but expected "
            "one of:\n * (Number end)\n * (Number start, Number end, Number step = 1)\n"
        )
    for name in ("start", "end", "step"):
        value = values[name]
        if not is_number(value) and not isinstance(value, Handle):
            position = names.index(name) + 1 if name in names else 1
            raise TypeError(
                f"arange(): argument '{name}' (position {position}) must be Number, "
                f"not {type(value).__name__}"
            )
    numbers = scalar(values["start"]), scalar(values["end"])
    return _ranged("arange", numbers, values["step"], out, dtype, device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    out=None,
    dtype: dtype | None = None,
    layout: object = None,
    device: str | device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
):
    """An [n, m] matrix (by default [n, n]) with 1 on the diagonal and 0 elsewhere."""
    for position, (name, value) in enumerate((("n", n), ("m", m)), 1):
        if not is_int(value) and (name, value) != ("m", None):
            raise TypeError(
                f"eye(): argument '{name}' (position {position}) must be int, "
                f"not {type(value).__name__}"
            )
    return _ranged("eye", (integer(n),), m, out, dtype, device, requires_grad)


@cache
def _range_call(name: str, variant: str) -> tuple[Callable, Callable]:
    """What calls a range, and packs the option that it has besides those of a tensor, and these."""
    op = OF_NAME[name]
    return runner(op, variant), packer(
        op, op.args[-2:] if variant == "function" else op.args[-2:-1]
    )


def _ranged(name: str, required: tuple, optional: object, out, dtype, device, requires_grad: bool):
    if out is not None:
        without_options({"dtype": dtype}, out)
        run, pack = _range_call(name, "out")
        return run(out, *required, pack((optional,)))
    run, pack = _range_call(name, "function")
    wanted = {"dtype": dtype, "device": device, "requires_grad": requires_grad}
    made = run(*required, pack((optional, wanted)))
    return remember(made) if requires_grad else made
