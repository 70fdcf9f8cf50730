"""Gradients of any tensor with respect to any other."""

from __future__ import annotations

from ctypes import addressof, byref, c_void_p

from .._errors import check
from .._handle import Handle, fresh
from .._hooks import queue_callback
from .._library import native
from .._modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from .._structs import BACKWARD_OPTIONS_SIZE, BackwardOptions
from .._values import handles

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "graph_memory",
    "graph_to_dot",
    "graph_to_html",
    "graph_to_svg",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
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
    return BackwardOptions(
        BACKWARD_OPTIONS_SIZE,
        retain_graph=retain,
        create_graph=create_graph,
        allow_unused=allow_unused,
    )


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
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, "
            "but got: allow_unused=False."
        )
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
    options = _options(retain_graph, create_graph)
    if inputs is not None:
        inputs = _listed(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        wanted = handles(inputs)
        options.inputs, options.input_count = addressof(wanted), len(inputs)
    check(
        native.autograd_backward(handles(tensors), len(tensors), handles(seeds), byref(options))
    )


class Variable:
    """What PyTorch's programs still find here: the engine's queue of callbacks."""

    class _execution_engine:
        queue_callback = staticmethod(queue_callback)


from . import function, functional, graph  # noqa: E402 - they need grad
from .anomaly_mode import detect_anomaly, set_detect_anomaly  # noqa: E402
from .function import Function  # noqa: E402
from .gradcheck import gradcheck, gradgradcheck  # noqa: E402
from .graph_info import (  # noqa: E402
    graph_memory,
    graph_to_dot,
    graph_to_html,
    graph_to_svg,
)
