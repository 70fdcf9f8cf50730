"""libtensor: PyTorch's tensors without PyTorch.

`import libtensor as torch` runs PyTorch code for the operations that libtensor has.
"""

from math import e, inf, nan, pi

from . import _collector, _warnings, autograd, backends, cuda, memory, nn, utils  # noqa: F401
from ._creation import arange, as_tensor, eye, from_numpy, frombuffer, tensor
from ._dispatch import function as _function
from ._dispatch import grouped as _grouped
from ._dtypes import ALIASES, BY_NAME, Size, can_cast, device, dtype, promote_types
from ._errors import OutOfMemoryError
from ._library import native as _native
from ._modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from ._settings import (
    get_default_dtype,
    get_float32_matmul_precision,
    get_num_threads,
    get_rng_state,
    initial_seed,
    load_backend,
    manual_seed,
    set_default_dtype,
    set_float32_matmul_precision,
    set_num_threads,
    set_rng_state,
)
from ._tensor import Tensor
from ._types import is_floating_point, is_tensor, numel, result_type
from .autograd.anomaly_mode import is_anomaly_check_nan_enabled, is_anomaly_enabled

__version__ = ".".join(str(_native.version() >> shift & 0xFF) for shift in (16, 8, 0))

strided = "torch.strided"
newaxis = None

# The operations and dtypes of the table, under PyTorch's names.
for _name, _ops in _grouped("function", "function").items():
    globals().setdefault(_name, _function(_name, _ops))
for _name, _ops in _grouped("method", "inplace").items():
    if {"function", "method"} <= set(_ops[0].scope):
        globals().setdefault(f"{_name}_", _function(_name, _ops, "inplace"))
globals().update(BY_NAME)
globals().update({alias: BY_NAME[name] for alias, name in ALIASES.items()})
