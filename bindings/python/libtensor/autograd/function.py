"""Function: an operation with a derivative of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_int32, c_size_t, c_void_p
from functools import wraps
from threading import local
from weakref import ref

from .._errors import check
from .._handle import Handle, fresh
from .._identity import remember, standing_for
from .._library import native
from .._modes import no_grad
from .._user import DESTROY, borrowed, given, guarded, held, hold
from .._values import handles

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What forward hands on to backward; holds any attribute besides.

    The library holds its attributes, not the object, which keeps the node of the graph, and what
    that has saved, for those who keep it.
    """

    __slots__ = ("_function", "_found", "__dict__", "__weakref__")
    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self):
        self._function: c_void_p | _Application | None = None  # the C library's
        self.to_save: tuple = ()
        self._dirty: tuple = ()
        self._non_differentiable: tuple = ()
        self._materialize = True
        self._is_tensor: tuple[bool, ...] = ()
        self._repeats = getattr(_reading, "repeats", False)

    def save_for_backward(self, *tensors) -> None:
        """Keep tensors for backward, which finds them in saved_tensors."""
        self.to_save = tensors

    def mark_dirty(self, *tensors) -> None:
        """Say which inputs forward has changed in place; they must be returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors) -> None:
        """Say which outputs have no derivative."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for outputs without a gradient."""
        self._materialize = bool(value)

    @property
    def saved_tensors(self) -> tuple:
        """The tensors given to save_for_backward, once forward has returned."""
        found = getattr(self, "_found", None)
        if found is not None:
            return found
        function = getattr(self._function, "_handle", self._function)
        if function is None:
            return ()
        count = c_size_t()
        check(native.function_saved_count(function, byref(count)))
        found = (c_void_p * max(count.value, 1))()
        check(native.function_saved_tensors(function, found, count.value))
        owned = [_owned(found[i]) for i in range(count.value)]
        saved = tuple(None if item is None else standing_for(item) for item in owned)
        if self._repeats and isinstance(self._function, c_void_p):
            self._found = saved
        return saved


_reading = local()


@contextmanager
def saved_tensors_repeat(value: bool) -> Iterator[None]:
    """Whether backward of the functions that are applied here may ask for saved_tensors again where
    the library gives them once: inside a checkpoint."""
    before, _reading.repeats = getattr(_reading, "repeats", False), value
    try:
        yield
    finally:
        _reading.repeats = before


def _owned(handle: int | None) -> Handle | None:
    if not handle:
        return None
    result = fresh()
    result._handle.value = handle
    return result


class _Attributes:
    """Those of a ctx, which is made again for backward where nobody has kept it."""

    __slots__ = ("attributes", "context")

    def __init__(self, ctx: FunctionCtx):
        self.attributes, self.context = ctx.__dict__, ref(ctx)

    def __call__(self) -> FunctionCtx:
        ctx = self.context()
        if ctx is None:
            ctx = FunctionCtx.__new__(FunctionCtx)
            ctx.__dict__, ctx._function = self.attributes, None
            self.context = ref(ctx)
        return ctx


def once_differentiable(function: Callable) -> Callable:
    """Decorates a backward whose results cannot be differentiated again."""

    @wraps(function)
    def wrapped(ctx, *grads):
        with no_grad():
            return function(ctx, *grads)

    wrapped._once_differentiable = True
    return wrapped


@CFUNCTYPE(c_int32, c_void_p, c_void_p, POINTER(c_void_p), c_size_t, POINTER(c_void_p), c_size_t)
@guarded
def _run_backward(user, function, grad_outputs, output_count, grad_inputs, input_count) -> None:
    cls, attributes = held(user)
    ctx = attributes()
    before = ctx._function, getattr(ctx, "_found", None)
    ctx._function, ctx._found = c_void_p(function), None
    try:
        derivative = cls.backward if cls.backward is not Function.backward else cls.vjp
        found = derivative(ctx, *[borrowed(grad_outputs[i]) for i in range(output_count)])
    finally:
        ctx._function, ctx._found = before
    found = found if isinstance(found, tuple) else (found,)
    for place, item in enumerate(_checked(f"{cls.__name__}Backward", found, ctx._is_tensor)):
        grad_inputs[place] = given(item).value


def _checked(name: str, found: tuple, is_tensor: tuple[bool, ...]) -> tuple:
    """The gradients that backward returned, one for each argument of forward."""
    count = len(is_tensor)
    if len(found) > count and all(item is None for item in found[count:]):
        found = found[:count]
    if len(found) != count:
        raise RuntimeError(
            f"function {name} returned an incorrect number of gradients "
            f"(expected {count}, got {len(found)})"
        )
    for place, item in enumerate(found):
        if item is None:
            continue
        if not is_tensor[place]:
            raise RuntimeError(
                f"function {name} returned a gradient different than None at position "
                f"{place + 1}, but the corresponding forward input was not a Variable"
            )
        if not isinstance(item, Handle):
            raise RuntimeError(f"expected Variable or None (got {type(item).__name__})")
    return found


class _Application:
    """The C library's side of one call of apply."""

    def __init__(self, cls: type, ctx: FunctionCtx, tensors: list):
        self._handle = c_void_p()
        name = f"{cls.__name__}Backward".encode()
        user = hold((cls, _Attributes(ctx)))
        check(
            native.function_begin(
                handles(tensors),
                len(tensors),
                name,
                _run_backward,
                user,
                DESTROY,
                byref(self._handle),
            )
        )

    def needs_input_grad(self, place: int) -> bool:
        found = c_bool()
        check(native.function_needs_input_grad(self._handle, place, byref(found)))
        return found.value

    def finish(self, ctx: FunctionCtx, once: bool, outputs: list) -> list:
        """The outputs with their place in the graph."""
        for place, item in enumerate(ctx.to_save):
            if item is not None and not isinstance(item, Handle):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {place} is of type "
                    f"{type(item).__name__}"
                )
        own = self._handle
        check(native.function_save_for_backward(own, handles(ctx.to_save), len(ctx.to_save)))
        for item in ctx.to_save:
            if item is not None:
                remember(item)
        check(native.function_mark_dirty(own, handles(ctx._dirty), len(ctx._dirty)))
        unmarked = ctx._non_differentiable
        check(native.function_mark_non_differentiable(own, handles(unmarked), len(unmarked)))
        check(native.function_set_materialize_grads(own, ctx._materialize))
        check(native.function_set_once_differentiable(own, once))
        found = (c_void_p * max(len(outputs), 1))()
        check(native.function_finish(own, handles(outputs), len(outputs), found))
        ctx.to_save = ctx._dirty = ctx._non_differentiable = ()
        ctx._function = self
        return [_same_or(item, _owned(found[i])) for i, item in enumerate(outputs)]

    def __del__(self, release=native.function_release) -> None:
        release(self._handle)


def _same_or(output: Handle | None, result: Handle | None) -> Handle | None:
    """The Python object that forward returned, where the result is that tensor."""
    if output is None:
        return None
    same = c_bool()
    check(native.is_same(output._handle, result._handle, byref(same)))
    return output if same.value else result


class Function:
    """The base of operations with a derivative of their own.

    Derive a class with static methods `forward(ctx, *args)` (or `forward(*args)` and
    `setup_context(ctx, inputs, output)`) and `backward(ctx, *grad_outputs)`, which returns a
    gradient or None for each argument of forward, and call `apply`.
    """

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args, **kwargs):
        """Compute the outputs; operations are not recorded here."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx, inputs: tuple, output) -> None:
        """Prepare ctx, where forward does not take it."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Compute the gradients of forward's arguments."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run forward, and let backward run through this class's."""
        ctx = FunctionCtx()
        ctx._is_tensor = tuple(isinstance(item, Handle) for item in args)
        application = _Application(
            cls, ctx, [item if isinstance(item, Handle) else None for item in args]
        )
        ctx.needs_input_grad = tuple(
            application.needs_input_grad(place) for place in range(len(args))
        )
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
        derivative = cls.backward if cls.backward is not Function.backward else cls.vjp
        once = getattr(derivative, "_once_differentiable", False)
        items = output if isinstance(output, tuple) else (output,)
        tensors = [item if isinstance(item, Handle) else None for item in items]
        results = application.finish(ctx, once, tensors)
        finished = tuple(item if result is None else result for item, result in zip(items, results))
        return finished if isinstance(output, tuple) else finished[0]
