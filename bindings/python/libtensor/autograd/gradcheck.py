"""Gradients that backward gives against numeric ones."""

from __future__ import annotations

import warnings
from ctypes import byref

from .._callback import CALL, lent
from .._errors import GradcheckError, check
from .._handle import Handle
from .._library import native
from .._structs import GRADCHECK_OPTIONS_SIZE, GradcheckOptions
from .._values import handles

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


def _tupled(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _prepared(func, inputs) -> tuple:
    """(tensors, function of them, its outputs): inputs that are no tensors stay with it."""
    inputs = _tupled(inputs)
    tensors = [item for item in inputs if isinstance(item, Handle)]

    def call(*given) -> tuple:
        given = iter(given)
        return _tupled(func(*[next(given) if isinstance(x, Handle) else x for x in inputs]))

    for index, item in enumerate(inputs):
        if isinstance(item, Handle) and item.requires_grad and str(item.dtype) != "torch.float64":
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                stacklevel=3,
            )
    if not any(item.requires_grad for item in tensors):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, "
            "but none of them have requires_grad=True."
        )
    outputs = call(*tensors)
    return tensors, call, outputs


def _options(*values) -> GradcheckOptions:
    return GradcheckOptions(GRADCHECK_OPTIONS_SIZE, *values)


def _refuse(**wanted) -> None:
    for name, value in wanted.items():
        if value:
            raise NotImplementedError(f"{name} is not supported")


def _passes(run, raise_exception: bool) -> bool:
    try:
        check(run())
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradcheck(
    func,
    inputs,
    *,
    eps=1e-6,
    atol=1e-5,
    rtol=1e-3,
    raise_exception=True,
    nondet_tol=0.0,
    check_undefined_grad=True,
    check_grad_dtypes=False,
    check_batched_grad=False,
    check_batched_forward_grad=False,
    check_forward_ad=False,
    check_backward_ad=True,
    fast_mode=False,
    masked=None,
) -> bool:
    """Whether backward through `func` gives what central differences do, at these inputs.

    True, or GradcheckError with both Jacobians (False where raise_exception is). The inputs that
    require grad should be float64.
    """
    _refuse(
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
    )
    tensors, function, outputs = _prepared(func, inputs)
    options = _options(eps, atol, rtol, nondet_tol, check_undefined_grad, fast_mode)
    with lent(function) as user:
        arguments = CALL, user, handles(tensors), len(tensors), len(outputs), byref(options)
        return _passes(lambda: native.gradcheck(*arguments), raise_exception)


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps=1e-6,
    atol=1e-5,
    rtol=1e-3,
    gen_non_contig_grad_outputs=False,
    raise_exception=True,
    nondet_tol=0.0,
    check_undefined_grad=True,
    check_grad_dtypes=False,
    check_batched_grad=False,
    check_fwd_over_rev=False,
    check_rev_over_rev=True,
    fast_mode=False,
    masked=False,
) -> bool:
    """The same for the gradient itself: whether backward through backward is right.

    grad_outputs: the gradients that arrive, one for each output that requires grad; random ones
    where there are none.
    """
    _refuse(check_batched_grad=check_batched_grad, check_fwd_over_rev=check_fwd_over_rev)
    tensors, function, outputs = _prepared(func, inputs)
    options = _options(eps, atol, rtol, nondet_tol, check_undefined_grad, fast_mode)
    arriving = [] if grad_outputs is None else list(_tupled(grad_outputs))
    with lent(function) as user:
        arguments = (
            CALL,
            user,
            handles(tensors),
            len(tensors),
            len(outputs),
            handles(arriving) if arriving else None,
            len(arriving),
            byref(options),
        )
        return _passes(lambda: native.gradgradcheck(*arguments), raise_exception)
