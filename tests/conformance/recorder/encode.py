"""PyTorch values as they stand in a record: the inverse of replay/codec.py."""

import base64

import torch
from replay.codec import read_bits
from replay.formulas import NUMPY_OF, generate

LARGEST_INPUT = 64
"""Stored inputs have at most this many elements; formula tensors are not stored."""

_FORMULAS = {}


class Unrecordable(Exception):
    """The sample uses something outside the scope: complex, sparse, generators, large tensors."""


def formula(kind, shape, dtype, seed=1):
    """A large tensor that a record names by its formula. Keeps it alive: views are recognised."""
    name = dtype_name(dtype)
    bits = generate(kind, torch.Size(shape).numel(), name, seed)
    flat = torch.frombuffer(bytearray(bits.tobytes()), dtype=dtype)
    _FORMULAS[flat.untyped_storage().data_ptr()] = (flat, [kind, seed])
    return flat.reshape(shape)


def dtype_name(dtype):
    """`float32` for torch.float32."""
    return str(dtype).removeprefix("torch.")


def encode(value, with_grad=False):
    """One argument; `with_grad` keeps the tensors' requires_grad."""
    if isinstance(value, str) and value == "cpu":
        return {"device": 1}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, torch.Tensor):
        return {"t": _encode_tensor(value, with_grad)}
    if isinstance(value, torch.dtype):
        if dtype_name(value) not in NUMPY_OF:
            raise Unrecordable(value)
        return {"dtype": dtype_name(value)}
    if isinstance(value, torch.device):
        if value.type != "cpu":
            raise Unrecordable(value)
        return {"device": 1}
    if isinstance(value, list):
        return {"l": [encode(item, with_grad) for item in value]}
    if isinstance(value, tuple):
        return {"u": [encode(item, with_grad) for item in value]}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"ellipsis": 1}
    raise Unrecordable(type(value))


def _encode_tensor(tensor, with_grad):
    name = dtype_name(tensor.dtype)
    if name not in NUMPY_OF or tensor.layout != torch.strided or tensor.is_nested:
        raise Unrecordable(f"a {name} tensor of layout {tensor.layout}")
    plain = tensor.detach()
    spec = {"dtype": name, "shape": list(tensor.shape)}
    if with_grad and tensor.requires_grad:
        spec["grad"] = 1
    known = _FORMULAS.get(plain.untyped_storage().data_ptr()) if plain.numel() else None
    if known:
        spec["formula"] = known[1]
        storage = known[0]
    else:
        storage, plain = _window(plain)
        spec["data"] = base64.b64encode(read_bits(storage)[0].tobytes()).decode()
    if not plain.is_contiguous() or plain.storage_offset() or storage.numel() != plain.numel():
        spec.update(strides=list(plain.stride()), offset=plain.storage_offset(),
                    numel=storage.numel())
    return spec


def _window(tensor):
    """(the flat storage, the tensor in it), the storage cut to the tensor's reach when large."""
    total = tensor.untyped_storage().nbytes() // tensor.element_size()
    offset = tensor.storage_offset()
    reach = 0
    if tensor.numel():
        reach = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride()))
    if total > LARGEST_INPUT:
        total, start = reach, offset
    else:
        start = 0
    if total > LARGEST_INPUT:
        raise Unrecordable(f"{total} elements")
    flat = tensor.as_strided((total,), (1,), start)
    moved = flat.clone().as_strided(tensor.shape, tensor.stride(), offset - start)
    return flat, moved


def encode_sample(args, kwargs, with_grad):
    """{"args": ..., "kwargs": ...} of one call."""
    kwargs = {name: item for name, item in kwargs.items() if not _is_default(name, item)}
    return {"args": [encode(item, with_grad) for item in args],
            "kwargs": {name: encode(item, with_grad) for name, item in kwargs.items()}}


def _is_default(name, value):
    """Keyword arguments that say what is so anyway; others of their kind are out of scope."""
    if name in ("layout", "memory_format", "generator", "pin_memory"):
        if value not in (None, False, torch.strided, torch.preserve_format):
            raise Unrecordable(name)
        return True
    return False
