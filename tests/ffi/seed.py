"""The small program of the other files in this folder, with ctypes alone."""

import ctypes
import sys
from ctypes import c_bool, c_double, c_int32, c_int64, c_size_t, c_void_p


class Device(ctypes.Structure):
    _fields_ = [("type", c_int32), ("index", c_int32)]


class Options(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("dtype", c_int32),
        ("device", Device),
        ("requires_grad", c_bool),
    ]


class Scalar(ctypes.Structure):
    _fields_ = [
        ("dtype", c_int32),
        ("reserved", c_int32),
        ("float64", c_double),
        ("rest", c_double),
    ]


tensor = ctypes.CDLL(sys.argv[1])
tensor.tensor_options_default.restype = Options
tensor.tensor_scalar_double.restype = Scalar
tensor.tensor_scalar_double.argtypes = [c_double]
tensor.tensor_last_error.restype = ctypes.c_char_p
HOOK = ctypes.CFUNCTYPE(c_int32, c_void_p, ctypes.POINTER(c_void_p))


def check(status):
    if status != 0:
        raise RuntimeError(tensor.tensor_last_error().decode())


def call(function, *arguments):
    """The one result of an operation."""
    out = c_void_p()
    check(function(*arguments, ctypes.byref(out)))
    return out


@HOOK
def hook(user, grad):
    print("a gradient came by")
    return 0


options = tensor.tensor_options_default()
options.requires_grad = True
shape = (c_int64 * 2)(2, 2)
x = call(tensor.tensor_ones, shape, c_size_t(2), ctypes.byref(options))
y = call(tensor.tensor_add_scalar, x, tensor.tensor_scalar_double(2.0))
check(tensor.tensor_register_hook(y, hook, None, None, None))
z = call(tensor.tensor_mul_scalar, call(tensor.tensor_mul, y, y), tensor.tensor_scalar_double(3.0))
mean = call(tensor.tensor_mean, z)
value = c_double()
check(tensor.tensor_item_double(mean, ctypes.byref(value)))
print(f"mean {value.value:g}")
check(tensor.tensor_backward(mean))
grad = call(tensor.tensor_grad, x)
elements = (ctypes.c_float * 4)()
check(tensor.tensor_copy_to(grad, elements, c_size_t(16)))
print("gradient", *(f"{element:g}" for element in elements))
try:
    call(tensor.tensor_mm, x, mean)
except RuntimeError as error:
    print("error", error)
