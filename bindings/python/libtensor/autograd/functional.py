"""Products with Jacobians and Hessians, and whole ones, of functions of tensors.

A function takes tensors and gives a tensor or a tuple of tensors. It is called with tensors of its
own, so that one which it also reaches by another way does not count there.
"""

from __future__ import annotations

from collections.abc import Callable

from .._handle import Handle
from .._modes import enable_grad, is_grad_enabled, set_grad_enabled

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_OUTPUTS = "outputs of the user-provided function"
_NEEDS_SCALAR_INPUT = (
    "The vector v can only be None if the input to the user-provided function "
    "is a single Tensor with a single element."
)


def _tupled(value, what: str, name: str) -> tuple[bool, tuple]:
    """Whether the value is a tuple, and the value as one; TypeError for what is no tensor."""
    start = f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the"
    if not isinstance(value, tuple):
        if not isinstance(value, Handle):
            raise TypeError(f"{start} given {what} has type {type(value)}.")
        return False, (value,)
    for index, item in enumerate(value):
        if not isinstance(item, Handle):
            raise TypeError(f"{start} value at index {index} has type {type(item)}.")
    return True, value


def _own(inputs: tuple, create_graph: bool, requires_grad: bool = True) -> tuple:
    """Tensors for one call of the function; with create_graph they keep the history they have."""
    return tuple(
        item.view(item.shape)
        if create_graph and item.requires_grad
        else item.detach().requires_grad_(requires_grad)
        for item in inputs
    )


def _finished(tensors: tuple, create_graph: bool, is_tuple: bool):
    if not create_graph:
        tensors = tuple(item.detach() for item in tensors)
    return tensors if is_tuple else tensors[0]


def _gradients(outputs, inputs, seeds=None, create_graph=False, retain_graph=None) -> tuple:
    """As autograd.grad, passing over outputs without a history; None for unused inputs."""
    from . import grad

    seeds = (None,) * len(outputs) if seeds is None else seeds
    used = [
        (output, seed)
        for output, seed in zip(outputs, seeds)
        if output is not None and output.requires_grad
    ]
    if not used:
        return (None,) * len(inputs)
    roots, weights = zip(*used)
    return grad(roots, inputs, weights, retain_graph, create_graph, allow_unused=True)


def _vector(v, like: tuple, like_is_tuple: bool, name: str, create_graph: bool) -> tuple:
    """v as a tuple that fits `like`."""
    _, v = _tupled(v, "v", name)
    v = _own(v, create_graph, requires_grad=False)
    if len(v) != len(like):
        if like_is_tuple:
            raise RuntimeError(
                f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}."
            )
        raise RuntimeError("The given v should contain a single Tensor.")
    for index, (item, other) in enumerate(zip(v, like)):
        if item.shape != other.shape:
            start = f"Entry {index} in " if like_is_tuple else ""
            raise RuntimeError(
                f"{start}v has invalid size: should be {other.shape} but got {item.shape}."
            )
    return v


def _require_single_element(inputs: tuple) -> None:
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError(_NEEDS_SCALAR_INPUT)


# ---- strict mode: what does not depend on something is an error, not zero

_INDEPENDENT = {
    "outputs": "Output {} of the user-provided function does not require gradients."
    " The outputs must be computed in a differentiable manner from the input"
    " when running in strict mode.",
    "grad_inputs": "The gradient with respect to input {} is independent of the inputs of the"
    " user-provided function. This is not allowed in strict mode.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided"
    " function with respect to input {} is independent of the input. This is not allowed in"
    " strict mode. You should ensure that your function is twice differentiable and that the"
    " jacobian depends on the inputs (this would be violated by a linear function for example).",
    "hessian": "The hessian of the user-provided function with respect to input {}"
    " is independent of the input. This is not allowed in strict mode."
    " You should ensure that your function is thrice differentiable and that"
    " the hessian depends on the inputs.",
}
_MISSING = {
    "back": "The output of the user-provided function is independent of input {}."
    " This is not allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {}"
    " in the grad_outputs when using the double backward trick to compute"
    " forward mode gradients. This is not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}."
    " This is not allowed in strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {}"
    " in the grad_jacobian. This is not allowed in strict mode as it prevents from using"
    " the double backward trick to replace forward mode AD.",
}


def _require_grad(tensors: tuple, what: str, strict: bool) -> None:
    if not strict:
        return
    for index, item in enumerate(tensors):
        if item is None:
            raise RuntimeError(_MISSING["back"].format(index))
        if not item.requires_grad:
            raise RuntimeError(_INDEPENDENT[what].format(index))


def _filled(found: tuple, like: tuple, strict: bool, create_graph: bool, stage: str) -> tuple:
    """Zeros where there is no gradient; in strict mode that is an error."""
    for index, item in enumerate(found):
        if strict and item is None:
            raise RuntimeError(_MISSING[stage].format(index))
        if strict and create_graph and not item.requires_grad:
            what = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {index}."
                " This is not allowed in strict mode when create_graph=True."
            )
    return tuple(
        other.new_zeros(other.shape) if item is None else item for item, other in zip(found, like)
    )


def _call(func: Callable, inputs: tuple, name: str, strict: bool) -> tuple[bool, tuple]:
    is_tuple, outputs = _tupled(func(*inputs), _OUTPUTS, name)
    _require_grad(outputs, "outputs", strict)
    return is_tuple, outputs


# ---- products


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v^T J): v is of the outputs' shapes, and may be left out for one output of
    one element."""
    records = create_graph or is_grad_enabled()
    with enable_grad():
        is_inputs_tuple, inputs = _tupled(inputs, "inputs", "vjp")
        inputs = _own(inputs, create_graph)
        is_outputs_tuple, outputs = _call(func, inputs, "vjp", strict)
        if v is not None:
            v = _vector(v, outputs, is_outputs_tuple, "vjp", create_graph)
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns "
                "a single Tensor with a single element."
            )
    with set_grad_enabled(records):
        found = _gradients(outputs, inputs, v, create_graph)
        product = _filled(found, inputs, strict, create_graph, "back")
    return (
        _finished(outputs, create_graph, is_outputs_tuple),
        _finished(product, create_graph, is_inputs_tuple),
    )


def _zeros_with_grad(tensors: tuple) -> tuple:
    """What a product is linear in: the values do not matter."""
    return tuple(item.new_zeros(item.shape).requires_grad_() for item in tensors)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), J v): v is of the inputs' shapes, and may be left out for one input of one
    element. v^T J is linear in v, so J comes out of differentiating that once more."""
    with enable_grad():
        is_inputs_tuple, inputs = _tupled(inputs, "inputs", "jvp")
        inputs = _own(inputs, create_graph)
        if v is not None:
            v = _vector(v, inputs, is_inputs_tuple, "jvp", create_graph)
        else:
            _require_single_element(inputs)
        is_outputs_tuple, outputs = _call(func, inputs, "jvp", strict)
        weights = _zeros_with_grad(outputs)
        weighted = _gradients(outputs, inputs, weights, create_graph=True)
        _require_grad(weighted, "grad_inputs", strict)
        found = _gradients(weighted, weights, v, create_graph)
        product = _filled(found, outputs, strict, create_graph, "back_trick")
    return (
        _finished(outputs, create_graph, is_outputs_tuple),
        _finished(product, create_graph, is_outputs_tuple),
    )


def _scalar_gradient(func, inputs, v, is_inputs_tuple, name, create_graph, strict) -> tuple:
    """(v, outputs, gradient) of a function with one output of one element."""
    if v is not None:
        v = _vector(v, inputs, is_inputs_tuple, name, create_graph)
    else:
        _require_single_element(inputs)
    is_outputs_tuple, outputs = _call(func, inputs, name, strict)
    if is_outputs_tuple:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    gradient = _gradients(outputs, inputs, create_graph=True)
    _require_grad(gradient, "jacobian", strict)
    return v, outputs, gradient


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v^T H) of a function with one output of one element; v as for jvp."""
    with enable_grad():
        is_tuple, inputs = _tupled(inputs, "inputs", "vhp")
        inputs = _own(inputs, create_graph)
        v, outputs, gradient = _scalar_gradient(
            func, inputs, v, is_tuple, "vhp", create_graph, strict
        )
        found = _gradients(gradient, inputs, v, create_graph)
        product = _filled(found, inputs, strict, create_graph, "double_back")
    return (
        _finished(outputs, create_graph, False),
        _finished(product, create_graph, is_tuple),
    )


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), H v) of a function with one output of one element; v as for jvp."""
    with enable_grad():
        is_tuple, inputs = _tupled(inputs, "inputs", "hvp")
        inputs = _own(inputs, create_graph)
        v, outputs, gradient = _scalar_gradient(
            func, inputs, v, is_tuple, "hvp", create_graph, strict
        )
        weights = _zeros_with_grad(inputs)
        weighted = _gradients(gradient, inputs, weights, create_graph=True)
        _require_grad(gradient, "hessian", strict)
        found = _gradients(weighted, weights, v, create_graph)
        product = _filled(found, inputs, strict, create_graph, "double_back_trick")
    return (
        _finished(outputs, create_graph, False),
        _finished(product, create_graph, is_tuple),
    )


# ---- whole matrices


def _rows(output, index: int, inputs: tuple, create_graph: bool, strict: bool) -> list[list]:
    """For each input, the derivatives of the output's elements one after another."""
    rows: list[list] = [[] for _ in inputs]
    flat = output.reshape(-1)
    for place in range(output.numel()):
        found = _gradients((flat[place],), inputs, None, create_graph, retain_graph=True)
        for column, (item, other) in enumerate(zip(found, inputs)):
            if item is None and strict:
                raise RuntimeError(
                    f"Output {index} of the user-provided function is independent of input "
                    f"{column}. This is not allowed in strict mode."
                )
            if item is not None and strict and create_graph and not item.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {index}."
                    " This is not allowed in strict mode when create_graph=True."
                )
            rows[column].append(other.new_zeros(other.shape) if item is None else item)
    return rows


def _refuse_forward_mode(strategy: str) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        raise NotImplementedError('the strategy "forward-mode" is not supported yet')


def jacobian(
    func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"
):
    """The derivative of every output with respect to every input, of shape (output's shape,
    input's shape): nested in tuples as outputs and inputs are. `vectorize` changes nothing."""
    import libtensor

    _refuse_forward_mode(strategy)
    with enable_grad():
        is_inputs_tuple, inputs = _tupled(inputs, "inputs", "jacobian")
        inputs = _own(inputs, create_graph)
        is_outputs_tuple, outputs = _call(func, inputs, "jacobian", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
                "supported together. Please either set `strict=False` or `vectorize=False`."
            )
        blocks = []
        for index, output in enumerate(outputs):
            rows = _rows(output, index, inputs, create_graph, strict)
            block = tuple(
                libtensor.stack(of_input).view(*output.shape, *other.shape)
                if of_input
                else other.new_zeros((*output.shape, *other.shape))
                for of_input, other in zip(rows, inputs)
            )
            blocks.append(_finished(block, create_graph, is_inputs_tuple))
    return tuple(blocks) if is_outputs_tuple else blocks[0]


def hessian(
    func,
    inputs,
    create_graph=False,
    strict=False,
    vectorize=False,
    outer_jacobian_strategy="reverse-mode",
):
    """The second derivatives of a function with one output of one element: `[i][j]` is the
    derivative with respect to input j of that with respect to input i."""
    is_tuple, inputs = _tupled(inputs, "inputs", "hessian")
    _refuse_forward_mode(outer_jacobian_strategy)

    def gradient(*own):
        is_outputs_tuple, outputs = _call(func, own, "hessian", strict)
        if is_outputs_tuple:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError(
                "The Tensor returned by the function given to hessian should contain a single "
                "element"
            )
        found = _gradients(outputs, own, create_graph=True)
        found = tuple(
            other.new_zeros(other.shape) if item is None else item
            for item, other in zip(found, own)
        )
        _require_grad(found, "jacobian", strict)
        return found

    found = jacobian(gradient, inputs, create_graph, strict, vectorize)
    return found if is_tuple else found[0][0]
