"""Runs one recorded sample in one of its variants. The recorder and the replay share this code."""

import operator
import warnings

from replay.codec import Builder, fixed_gradient
from replay.outcome import Failed, failed, observe

SENTINEL = 7
"""What an `out=` tensor holds before the call, so that an unwritten element shows."""

SELF = {"where": 1}
"""Which argument of the function is the method's self, where it is not the first."""

WIDER = {"bool": "uint8", "uint8": "int16", "int8": "int32", "int16": "int64", "int32": "float32",
         "int64": "float64", "float16": "float32", "bfloat16": "float32", "float32": "float64",
         "float64": "float32"}
"""The dtype of the `out=` tensor in the variant `out_cast`."""


def resolve(torch, operation):
    """The function an operation's name stands for: `add`, `nn.functional.relu`, `operator.add`."""
    target = torch
    for part in operation.split("."):
        target = operator if part == "operator" else getattr(target, part)
    return target


def run(torch, operation, sample, variant, device="cpu", results=None, upcast=False):
    """Run a sample; returns {"out": ..., "grads": [...], "grad_fn": [...]} of observed values.

    `results` are the function's observed results, which the `out` variants take shapes from.
    """
    writes_out = variant.startswith("out")
    builder = Builder(torch, device, with_grad=not writes_out, upcast=upcast)
    args = [builder.value(item) for item in sample["args"]]
    kwargs = {name: builder.value(item) for name, item in sample["kwargs"].items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if writes_out:
                kwargs["out"] = _destination(builder, variant, results)
            value = _call(torch, operation, variant, args, kwargs)
            outcome = {"out": observe(value, builder.windows)}
            if builder.leaves:
                outcome.update(_gradients(torch, value, builder.leaves, device))
    except Exception as error:  # noqa: BLE001 - any error is an outcome
        outcome = {"out": failed(error)}
        if variant == "inplace":
            outcome["unchanged"] = _unchanged(torch, sample, args, device)
    return outcome


def _unchanged(torch, sample, args, device):
    """Whether the target of a failed in-place call is still what it was."""
    fresh = observe(Builder(torch, device).value(sample["args"][0]))
    return fresh.bits.tobytes() == observe(args[0]).bits.tobytes()


def _call(torch, operation, variant, args, kwargs):
    if variant == "method":
        target = args.pop(SELF.get(operation, 0))
        return getattr(target, operation)(*args, **kwargs)
    if variant == "inplace":
        # A leaf that requires grad must not change in place; its copy may.
        target = args[0].clone() if args[0].requires_grad else args[0]
        return getattr(target, operation.rstrip("_") + "_")(*args[1:], **kwargs)
    return resolve(torch, operation)(*args, **kwargs)


def _destination(builder, variant, results):
    """The `out=` tensor or tensors: right as they are, of another dtype, or empty (resized)."""
    if isinstance(results, list):
        return tuple(_destination(builder, variant, item) for item in results)
    name = WIDER[results.dtype] if variant == "out_cast" else results.dtype
    shape = (0,) if variant == "out_empty" else results.shape
    return builder.torch.full(shape, SENTINEL, dtype=builder.dtype(name), device=builder.device)


def _gradients(torch, value, leaves, device):
    """Gradients of every leaf for the fixed gradient, and the names of the results' nodes."""
    results = [item for item in (value if isinstance(value, (list, tuple)) else [value])
               if getattr(item, "requires_grad", False)]
    if not results:
        return {"grads": None}
    names = [item.grad_fn.name() if item.grad_fn is not None else None for item in results]
    seeds = [fixed_gradient(torch, item, device) for item in results]
    try:
        grads = torch.autograd.grad(results, leaves, seeds, allow_unused=True)
    except Exception as error:  # noqa: BLE001 - any error is an outcome
        return {"grads": failed(error), "grad_fn": names}
    return {"grads": observe(list(grads)), "grad_fn": names}


def run_program(torch, program, device="cpu"):
    """Run a program; returns its observed results or its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return observe(program(torch))
    except Exception as error:  # noqa: BLE001 - any error is an outcome
        return failed(error)


def is_error(outcome):
    """Whether a run ended in an error."""
    return isinstance(outcome["out"], Failed)
