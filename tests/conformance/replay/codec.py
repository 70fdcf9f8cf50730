"""How values stand in a record (JSON), and how inputs are rebuilt from it.

A JSON number, string, bool or null is itself; everything else is an object with one key:
  {"l": [...]} list          {"u": [...]} tuple      {"dtype": "float32"}    {"device": 1}
  {"slice": [a, b, c]}       {"ellipsis": 1}
  {"t": {dtype, shape, data|formula, [strides, offset, numel], [grad]}}   a tensor

`data` is base64 of the storage's elements; `numel`, `strides` and `offset` are given when the
tensor is not simply the whole contiguous storage. `formula` is [kind, seed] (see formulas.py).
"""

import base64
import ctypes
from math import prod

import numpy as np

from replay.formulas import FLOATS, NUMPY_OF, from_floats, generate, to_numbers


class Builder:
    """Rebuilds one sample's arguments and remembers what the comparison asks about them.

    `leaves` are the inputs that require grad. `windows` are the (address, bytes) of the inputs'
    storages, to tell whether a result shares memory with an input. With `upcast`, floats become
    float64: the recorder's way to the ideal result.
    """

    def __init__(self, torch, device="cpu", with_grad=False, upcast=False):
        self.torch, self.device = torch, device
        self.with_grad, self.upcast = with_grad, upcast
        self.leaves, self.windows, self._bases = [], [], []

    def value(self, coded):
        """Decode one value."""
        if isinstance(coded, list):
            return [self.value(item) for item in coded]
        if not isinstance(coded, dict):
            return coded
        (kind, content), = coded.items()
        return getattr(self, "_" + kind)(content)

    def dtype(self, name):
        """The module's dtype object."""
        return getattr(self.torch, "float64" if self.upcast and name in FLOATS else name)

    def _l(self, items):
        return [self.value(item) for item in items]

    def _u(self, items):
        return tuple(self.value(item) for item in items)

    def _dtype(self, name):
        return self.dtype(name)

    def _device(self, _):
        return self.device

    def _slice(self, parts):
        return slice(*parts)

    def _ellipsis(self, _):
        return Ellipsis

    def _t(self, spec):
        shape = spec["shape"]
        numel = spec.get("numel", prod(shape))
        base = self._storage(spec, numel)
        self._bases.append(base)
        self.windows.append((base.data_ptr(), numel * base.element_size()))
        if "strides" in spec:
            tensor = base.as_strided(shape, spec["strides"], spec["offset"])
        else:
            tensor = base.reshape(shape)
        if self.with_grad and spec.get("grad"):
            tensor.requires_grad_()
            self.leaves.append(tensor)
        return tensor

    def _storage(self, spec, numel):
        name = spec["dtype"]
        dtype = self.dtype(name)
        if numel == 0:
            return self.torch.empty(0, dtype=dtype, device=self.device)
        if "formula" in spec:
            kind, seed = spec["formula"]
            bits = generate(kind, numel, name, seed)
        else:
            bits = np.frombuffer(base64.b64decode(spec["data"]), dtype=NUMPY_OF[name])
        if self.upcast and name in FLOATS:
            bits = to_numbers(bits, name).astype(np.float64)
        flat = self.torch.frombuffer(bytearray(bits.tobytes()), dtype=dtype)
        return flat.to(self.device) if self.device != "cpu" else flat.clone()


def read_bits(tensor):
    """A tensor's elements in logical order, as a flat array of bits, and its dtype's name."""
    name = str(tensor.dtype).rpartition(".")[2]
    plain = tensor.detach().to("cpu").contiguous()
    count = plain.numel() * plain.element_size()
    raw = ctypes.string_at(plain.data_ptr(), count) if count else b""
    return np.frombuffer(raw, dtype=NUMPY_OF[name]), name


def fixed_gradient(torch, like, device):
    """The gradient given to every recorded backward: multiples of 1/4 in [-1.25, 1.25]."""
    numel = prod(like.shape)
    values = ((np.arange(numel, dtype=np.int64) * 7 + 3) % 11 - 5) / 4
    name = str(like.dtype).rpartition(".")[2]
    if numel == 0:
        return torch.zeros(tuple(like.shape), dtype=like.dtype, device=device)
    flat = torch.frombuffer(bytearray(from_floats(values, name).tobytes()), dtype=like.dtype)
    return flat.reshape(tuple(like.shape)).to(device)
