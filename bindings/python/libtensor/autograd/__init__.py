"""Gradients of any tensor with respect to any other."""

from __future__ import annotations

from ctypes import addressof, byref, c_void_p

from .._edge import GradientEdge, any_edge, edges, listed
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


_NO_ROOT = "element {} of tensors does not require grad and does not have a grad_fn"
_NO_INPUT = "One of the differentiated Tensors does not require grad"


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

    Either may be GradientEdges. `grad_outputs` weighs the elements of each output and may be left
    out for outputs of one element. An input that no output depends on is an error, unless
    `allow_unused` asks for None or `materialize_grads` for zeros there.
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched is not supported")
    outputs, inputs = listed(outputs), listed(inputs)
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
    if any_edge(outputs) or any_edge(inputs):
        function = native.autograd_grad_edges
        roots, wanted = edges(outputs, _NO_ROOT), edges(inputs, _NO_INPUT)
    else:
        function, roots, wanted = native.autograd_grad, handles(outputs), handles(inputs)
    check(function(roots, len(outputs), wanted, len(inputs), handles(seeds), byref(options), found))
    results = [_owned(handle) for handle in found]
    if materialize_grads:
        if any(r is None and isinstance(i, GradientEdge) for r, i in zip(results, inputs)):
            raise RuntimeError(
                "materialize_grads cannot be used when the given input is a GradientEdge"
            )
        results = [
            one.new_zeros(one.shape).requires_grad_(create_graph) if item is None else item
            for one, item in zip(inputs, results)
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
    """Add the derivatives of the tensors, or of what GradientEdges name, to the grad of the leaves
    they were computed from.

    With `inputs`, only to the grad of those.
    """
    tensors = listed(tensors)
    seeds = _gradients(grad_variables if grad_tensors is None else grad_tensors, len(tensors))
    options = _options(retain_graph, create_graph)
    if inputs is not None:
        inputs = listed(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        leaves = [_leaf_of(item) for item in inputs]
        wanted = handles(leaves)
        options.inputs, options.input_count = addressof(wanted), len(inputs)
    if any_edge(tensors):
        function, roots = native.autograd_backward_edges, edges(tensors, _NO_ROOT)
    else:
        function, roots = native.autograd_backward, handles(tensors)
    check(function(roots, len(tensors), handles(seeds), byref(options)))


def _leaf_of(item: Handle | GradientEdge) -> Handle:
    if isinstance(item, Handle):
        return item
    leaf = getattr(item.node, "variable", None)
    if leaf is None:
        raise RuntimeError(
            "backward adds to the grad of tensors: of edges, `inputs` takes those of leaves only"
        )
    return leaf


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
