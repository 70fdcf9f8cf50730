"""Gradients of any tensor with respect to any other."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref, c_void_p

from .._errors import check
from .._handle import Handle, fresh
from .._library import native
from .._modes import enable_grad, no_grad, set_grad_enabled
from .._structs import BACKWARD_OPTIONS_SIZE, BackwardOptions
from .._values import handles

__all__ = [
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def _listed(value: object) -> list:
    return [value] if isinstance(value, Handle) else list(value)


def _gradients(value: object, count: int) -> list:
    """One gradient or None for each output."""
    if value is None:
        return [None] * count
    found = [value] if isinstance(value, (Handle, str)) else list(value)
    for item in found:
        if item is not None and not isinstance(item, Handle):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(item).__name__}"
            )
    if len(found) != count:
        raise RuntimeError(f"got {count} tensors and {len(found)} gradients")
    return found


def _options(retain_graph: bool | None, create_graph: bool, allow_unused: bool = False):
    retain = create_graph if retain_graph is None else retain_graph
    return BackwardOptions(BACKWARD_OPTIONS_SIZE, None, retain, create_graph, allow_unused)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple:
    """The sum of the derivatives of the outputs with respect to each input.

    `grad_outputs` weighs the elements of each output and may be left out for outputs of one
    element. An input that no output depends on is an error, unless `allow_unused` asks for None
    or `materialize_grads` for zeros there.
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched is not supported")
    outputs, inputs = _listed(outputs), _listed(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    seeds = _gradients(grad_outputs, len(outputs))
    unused = materialize_grads if allow_unused is None else allow_unused
    options = _options(retain_graph, create_graph, unused)
    found = (c_void_p * len(inputs))()
    check(
        native.autograd_grad(
            handles(outputs),
            len(outputs),
            handles(inputs),
            len(inputs),
            handles(seeds),
            byref(options),
            found,
        )
    )
    results = [_owned(handle) for handle in found]
    if materialize_grads:
        results = [
            one.new_zeros(one.shape) if item is None else item for one, item in zip(inputs, results)
        ]
    return tuple(results)


def _owned(handle: int | None) -> Handle | None:
    if handle is None:
        return None
    result = fresh()
    result._handle.value = handle
    return result


def backward(
    tensors,
    grad_tensors=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables=None,
    inputs=None,
) -> None:
    """Add the derivatives of the tensors to the grad of the leaves they were computed from.

    With `inputs`, only to the grad of those.
    """
    tensors = _listed(tensors)
    seeds = _gradients(grad_variables if grad_tensors is None else grad_tensors, len(tensors))
    if inputs is not None:
        _accumulate(tensors, seeds, retain_graph, create_graph, _listed(inputs))
        return
    if len(tensors) > 1:  # one pass over what the tensors share
        with enable_grad():
            tensors, seeds = [_weighted_sum(tensors, seeds)], [None]
    options = _options(retain_graph, create_graph)
    if seeds[0] is not None:
        options.gradient = seeds[0]._handle
    check(native.backward_with(tensors[0]._handle, byref(options)))


def _weighted_sum(tensors: Sequence, seeds: Sequence):
    """A tensor of one element whose derivative is that of all tensors together."""
    if any(seed is None and item.numel() != 1 for item, seed in zip(tensors, seeds)):
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    parts = [
        item.sum() if seed is None else (item * seed).sum() for item, seed in zip(tensors, seeds)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _accumulate(tensors, seeds, retain_graph, create_graph, inputs) -> None:
    if not inputs:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    found = grad(tensors, inputs, seeds, retain_graph, create_graph, allow_unused=True)
    for item, part in zip(inputs, found):
        if part is not None:
            item.grad = part if item.grad is None else item.grad + part


from . import functional  # noqa: E402 - it needs grad
from .anomaly_mode import detect_anomaly, set_detect_anomaly  # noqa: E402
from .gradcheck import gradcheck, gradgradcheck  # noqa: E402
