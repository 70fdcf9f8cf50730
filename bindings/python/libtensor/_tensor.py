"""class Tensor: its parts, and the methods that the table gives it."""

from __future__ import annotations

from ._conversions import Conversions, add_conversions
from ._dispatch import function, grouped
from ._dtypes import BY_NAME, Size
from ._gradients import Gradients
from ._handle import set_tensor_class
from ._indexing import Indexing
from ._operators import add_operators
from ._properties import Properties


@set_tensor_class
class Tensor(Properties, Gradients, Indexing, Conversions):
    """A tensor: elements of one dtype in a shape, with views, in-place operations and gradients.

    Make one with torch.tensor(data), torch.zeros(2, 3) and the like.
    """

    __slots__ = ()

    def __new__(cls, *args):
        """PyTorch's old form: Tensor(2, 3) is not initialised, Tensor([1, 2]) holds floats."""
        from . import _creation, empty

        if len(args) == 1 and not isinstance(args[0], (int, Size)):
            return _creation.tensor(args[0], dtype=BY_NAME["float32"])
        return empty(*args) if args else empty(0)

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        """A tensor with a copy of the data, by default of this one's dtype and device."""
        from ._creation import tensor

        return tensor(data, requires_grad=requires_grad, **self._like(dtype, device))

    def _like(self, dtype, device) -> dict[str, object]:
        return {
            "dtype": self.dtype if dtype is None else dtype,
            "device": self.device if device is None else device,
        }

    def _new(self, name: str, args: tuple, dtype=None, device=None, **kwargs):
        import libtensor

        return getattr(libtensor, name)(*args, **self._like(dtype, device), **kwargs)

    def new_empty(self, *size, **kwargs):
        """A tensor that is not initialised, by default of this one's dtype and device."""
        return self._new("empty", size, **kwargs)

    def new_zeros(self, *size, **kwargs):
        """A tensor of zeros, by default of this one's dtype and device."""
        return self._new("zeros", size, **kwargs)

    def new_ones(self, *size, **kwargs):
        """A tensor of ones, by default of this one's dtype and device."""
        return self._new("ones", size, **kwargs)

    def new_full(self, size, fill_value, **kwargs):
        """A tensor of one value, by default of this one's dtype and device."""
        return self._new("full", (size, fill_value), **kwargs)


def add_methods(cls: type) -> None:
    """Give the class every method of the table that it does not define itself."""
    for variant, ending in (("function", ""), ("inplace", "_")):
        for name, ops in grouped("method", variant).items():
            if not hasattr(cls, name + ending):
                setattr(cls, name + ending, function(name, ops, variant, method=True))


add_operators(Tensor)
add_conversions(Tensor)
add_methods(Tensor)
