"""Python's operators on tensors.

The table says what an operator's operation can do; here stands only which operator means which
operation. The two forms, with a tensor and with a number, are called without the general dispatch.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref

from ._calls import SUFFIXES
from ._dispatch import OF_NAME, direct
from ._errors import fail
from ._handle import Handle, fresh
from ._library import bare
from ._schema import Op
from ._values import is_number, scalar

# operator -> PyTorch's name of the operation with a tensor, and with a number
BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift", "floordiv": "floor_divide", "mod": "remainder",
    "matmul": "matmul", "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
}  # fmt: skip
COMMUTATIVE = ("add", "mul", "and", "or", "xor")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
PLAIN = frozenset((float, int, bool))
UNARY = {"neg": "neg", "abs": "abs", "invert": "bitwise_not"}


def forms(name: str, variant: str) -> list[Op]:
    """The operations of a tensor with a tensor, and with a number, that PyTorch's name has."""
    found = [op for op in OF_NAME.values() if name in op.torch and variant in op.variants]
    types = (["Tensor", "Tensor"], ["Tensor", "Scalar"])
    return [
        op
        for wanted in types
        for op in found
        if [arg.type for arg in op.args] == wanted and op.args[0].name == "self"
    ]


def symbol(op: Op | None, variant: str) -> Callable | None:
    return None if op is None else bare(op.name + SUFFIXES[variant])


def split(found: list[Op], variant: str) -> tuple[Callable | None, Callable | None]:
    """The C functions of the two forms, None where there is none."""
    with_tensor = next((op for op in found if op.args[1].type == "Tensor"), None)
    with_number = next((op for op in found if op.args[1].type == "Scalar"), None)
    return symbol(with_tensor, variant), symbol(with_number, variant)


def binary(name: str, found: list[Op]) -> Callable:
    """The method `self <operator> other`."""
    with_tensor, with_number = split(found, "function")

    def method(self, other):
        if with_tensor is not None and isinstance(other, Handle):
            result = fresh()
            status = with_tensor(self._handle, other._handle, byref(result._handle))
        elif with_number is not None and (type(other) in PLAIN or is_number(other)):
            result = fresh()
            status = with_number(self._handle, scalar(other), byref(result._handle))
        else:
            return _with_array(method, self, other)
        if status:
            fail(status)
        return result

    method.__name__ = method.__qualname__ = f"__{name}__"
    method.__doc__ = found[0].doc
    return method


def in_place(name: str, found: list[Op]) -> Callable:
    """The method `self <operator>= other`, which gives self."""
    with_tensor, with_number = split(found, "inplace")

    def method(self, other):
        if with_tensor is not None and isinstance(other, Handle):
            status = with_tensor(self._handle, other._handle)
        elif with_number is not None and is_number(other):
            status = with_number(self._handle, scalar(other))
        else:
            return _with_array(method, self, other)
        if status:
            fail(status)
        return self

    method.__name__ = method.__qualname__ = f"__i{name}__"
    method.__doc__ = found[0].doc
    return method


def _with_array(method: Callable, self: Handle, other: object) -> object:
    """The operator with a NumPy array on its right, which stands for a tensor."""
    if hasattr(other, "__array_interface__"):
        from ._creation import as_tensor

        return method(self, as_tensor(other))
    return NotImplemented


def number_first(operation: Callable) -> Callable:
    """The method of `number <operator> self`; operation(self, number) does it."""

    def method(self, other):
        return operation(self, other) if is_number(other) else NotImplemented

    return method


def unary(op: Op) -> Callable:
    """The method of an operator on one tensor."""
    function = bare(op.name)

    def method(self):
        result = fresh()
        status = function(self._handle, byref(result._handle))
        if status:
            fail(status)
        return result

    method.__doc__ = op.doc
    return method


def inverted(method: Callable) -> Callable:
    """`~self`, whose error is Python's and not the operation's."""

    def checked(self):
        if self.dtype.is_floating_point:
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
            )
        return method(self)

    checked.__doc__ = method.__doc__
    return checked


def add_operators(cls: type) -> None:
    """Give the class every operator whose operation the table has."""
    for name, torch_name in BINARY.items():
        found = forms(torch_name, "function")
        if found:
            setattr(cls, f"__{name}__", binary(name, found))
            if name in COMMUTATIVE:
                setattr(cls, f"__r{name}__", binary(f"r{name}", found))
        found = forms(torch_name, "inplace")
        if found and name not in COMPARISONS:
            setattr(cls, f"__i{name}__", in_place(name, found))
    for name, torch_name in UNARY.items():
        if torch_name in OF_NAME:
            setattr(cls, f"__{name}__", unary(OF_NAME[torch_name]))
    minus, power = direct("rsub_scalar"), direct("scalar_pow")
    floor_divide, remainder = direct("scalar_floor_divide"), direct("scalar_remainder")
    cls.__rsub__ = number_first(minus)
    cls.__rtruediv__ = number_first(lambda self, other: self.reciprocal() * other)
    cls.__rpow__ = number_first(lambda self, other: power(other, self))
    cls.__rfloordiv__ = number_first(lambda self, other: floor_divide(other, self))
    cls.__rmod__ = number_first(lambda self, other: remainder(other, self))
    cls.__invert__ = inverted(cls.__invert__)
    cls.__pos__ = lambda self: self
    cls.__array_priority__ = 1000  # NumPy leaves `array + tensor` to the tensor
