"""Trades time for memory: what a function's graph would keep is computed again in backward."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_bool, c_void_p

from .._callback import CALL
from .._errors import add_exception_source, check
from .._handle import Handle, fresh
from .._library import native
from .._modes import no_grad
from .._structs import CHECKPOINT_OPTIONS_SIZE, CheckpointOptions
from .._user import DESTROY, hold
from .._values import handles
from ..autograd.function import Function, saved_tensors_repeat

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "set_checkpoint_early_stop"]

_MOST_OUTPUTS = 1024
_STOPPED = "the checkpoint has what it needs of this run"
_early_stop: bool | None = None


class CheckpointError(RuntimeError):
    """The second run saved other tensors than the first."""


def _checkpoint_error(message: str) -> CheckpointError | None:
    return CheckpointError(message) if message.startswith("torch.utils.checkpoint: ") else None


add_exception_source(_checkpoint_error)


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether second runs end with the last tensor needed, whatever checkpoint() is told."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


def _tensors_in(value, found: list) -> list:
    """All tensors of nested tuples, lists and dicts, in order."""
    if isinstance(value, Handle):
        found.append(value)
    elif isinstance(value, (tuple, list)):
        for item in value:
            _tensors_in(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            _tensors_in(item, found)
    return found


def _replaced(value, tensors):
    """The same nesting with the next tensors in their places."""
    if isinstance(value, Handle):
        return next(tensors)
    if isinstance(value, (tuple, list)):
        items = [_replaced(item, tensors) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: _replaced(item, tensors) for key, item in value.items()}
    return value


class _Run:
    """The function over its tensor arguments; keeps the form of what it gave first."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.inputs = _tensors_in([args, kwargs], [])
        self.form: object = None
        self.runs = 0

    def __call__(self, *tensors) -> list:
        args, kwargs = _replaced([self.args, self.kwargs], iter(tensors))
        self.runs += 1
        if self.runs > 1:
            return self.again(args, kwargs)
        value = self.function(*args, **kwargs)
        self.form = value
        # From here on only the function and its plain arguments are needed.
        return _tensors_in(value, [])

    def again(self, args: tuple, kwargs: dict) -> list:
        """Only what its graph saves matters. Where that is all there, the library ends the run by
        an error, which must not live on: it holds all that the function did."""
        try:
            self.function(*args, **kwargs)
        except RuntimeError as error:
            if str(error) != _STOPPED:
                raise
        return []


def _checkpointed(function: Callable, args: tuple, kwargs: dict, settings: tuple[bool, bool]):
    run = _Run(function, args, kwargs)
    found = (c_void_p * _MOST_OUTPUTS)()
    options = CheckpointOptions(CHECKPOINT_OPTIONS_SIZE, *settings)
    inputs = handles(run.inputs), len(run.inputs)
    user = hold(run)
    check(native.checkpoint(CALL, user, DESTROY, *inputs, byref(options), found, _MOST_OUTPUTS))
    form, run.form = run.form, None
    run.args, run.kwargs = _replaced([args, kwargs], iter([_PLACE] * len(run.inputs)))
    run.inputs = []
    return _replaced(form, (_owned(handle) for handle in found if handle))


def _owned(handle: int) -> Handle:
    result = fresh()
    result._handle.value = handle
    return result


class CheckpointFunction(Function):
    """Stands between a reentrant checkpoint and what follows: refuses passes that compute only some
    gradients, which PyTorch's cannot run in."""

    @staticmethod
    def forward(ctx, *outputs):
        ctx.set_materialize_grads(False)
        # What may be another's tensor as well is returned as it is, and becomes a view.
        return tuple(one if one.is_leaf or one._is_view() else one.detach() for one in outputs)

    @staticmethod
    def backward(ctx, *grads):
        partial = c_bool()
        check(native.backward_is_partial(byref(partial)))
        if partial.value:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible"
                " with .grad() or passing an `inputs` parameter to .backward()."
                " To resolve this error, you can either set use_reentrant=False,"
                " or call .backward() without passing the `inputs` argument."
            )
        return grads


def _for_whole_passes(value):
    """The outputs of a reentrant checkpoint behind a CheckpointFunction."""
    tensors = _tensors_in(value, [])
    recorded = [one for one in tensors if one.requires_grad]
    if not recorded:
        return value
    behind = iter(CheckpointFunction.apply(*recorded))
    return _replaced(value, iter([next(behind) if one.requires_grad else one for one in tensors]))


_PLACE = Handle.__new__(Handle)
"""Stands in a run's arguments where a tensor goes: the C library keeps the tensors themselves."""


def _advise(name: str, error: str) -> None:
    warnings.warn(
        f"{name}: the use_reentrant parameter should be passed explicitly. {error} "
        "use_reentrant=False is recommended, but if you need to preserve the current default "
        "behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
        "differences between the two variants.",
        stacklevel=3,
    )


def checkpoint(
    function=None,
    *args,
    use_reentrant: bool | None = None,
    preserve_rng_state=True,
    early_stop=True,
    **kwargs,
):
    """function(*args, **kwargs), whose graph keeps nothing: it runs again when backward needs it.

    It must compute the same each time; random numbers are those of the first run, unless
    preserve_rng_state is False. The second run ends with the last tensor that is needed, unless
    early_stop is False. The two variants differ only in that use_reentrant=True takes no
    keyword arguments, records nothing where no argument requires grad, and refuses passes that
    compute only some gradients: grad(), and backward with `inputs`.
    """
    for name in ("context_fn", "determinism_check", "debug"):
        if name in kwargs:
            raise NotImplementedError(f"{name} is not supported")
    if use_reentrant is None:
        _advise(
            "torch.utils.checkpoint",
            "In a future release, calling checkpoint without use_reentrant will raise an "
            "exception.",
        )
        use_reentrant = True
    if kwargs and use_reentrant:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if use_reentrant and not any(isinstance(a, Handle) and a.requires_grad for a in args):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )
        with no_grad():
            return function(*args)
    if _early_stop is not None:
        early_stop = _early_stop
    with saved_tensors_repeat(use_reentrant):
        result = _checkpointed(function, args, kwargs, (preserve_rng_state, early_stop))
    return _for_whole_passes(result) if use_reentrant else result


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """The functions one after another, in `segments` parts of which all but the last are
    checkpointed."""
    if use_reentrant is None:
        _advise(
            "torch.utils.checkpoint.checkpoint_sequential",
            "In a future release, we will raise an exception if use_reentrant is not passed.",
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions)
    size = len(functions) // segments

    def part(begin: int, end: int) -> Callable:
        def run(value):
            for function in functions[begin:end]:
                value = function(value)
            return value

        return run

    for begin in range(0, size * (segments - 1), size):
        input = checkpoint(
            part(begin, begin + size),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve,
        )
    return part(size * (segments - 1), len(functions))(input)
