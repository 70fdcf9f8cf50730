"""no_grad, enable_grad, set_grad_enabled, inference_mode: context managers and decorators."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_bool
from functools import wraps
from inspect import isgeneratorfunction

from ._errors import check
from ._library import native


def _decorated(function: Callable, fresh_mode: Callable) -> Callable:
    """The function with a mode of its own around every call, and a generator function around every
    step: its caller has its own mode between them."""
    if isgeneratorfunction(function):
        return _decorated_generator(function, fresh_mode)

    @wraps(function)
    def wrapped(*args, **kwargs):
        with fresh_mode():
            return function(*args, **kwargs)

    return wrapped


def _decorated_generator(function: Callable, fresh_mode: Callable) -> Callable:
    @wraps(function)
    def wrapped(*args, **kwargs):
        generator = function(*args, **kwargs)
        try:
            with fresh_mode():
                found = next(generator)
            while True:
                try:
                    given = yield found
                except GeneratorExit:
                    with fresh_mode():
                        generator.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - it goes on inside
                    with fresh_mode():
                        found = generator.throw(error)
                else:
                    with fresh_mode():
                        found = generator.send(given)
        except StopIteration as end:
            return end.value

    return wrapped


def _set(enabled: bool) -> bool:
    """Switch recording of this thread on or off; gives the setting before."""
    before = c_bool()
    check(native.grad_enabled_set(enabled, byref(before)))
    return before.value


def is_grad_enabled() -> bool:
    """Whether operations of this thread are recorded for backward."""
    found = c_bool()
    check(native.grad_enabled(byref(found)))
    return found.value


class _GradMode:
    """Sets the mode on entry and restores on exit; as a decorator, around every call."""

    _enabled = True

    def __new__(cls, function: Callable | None = None):
        made = super().__new__(cls)
        made._before = []
        # `@no_grad` without parentheses decorates at once.
        return made(function) if callable(function) else made

    def __enter__(self) -> None:
        self._before.append(_set(self._enabled))

    def __exit__(self, *error: object) -> None:
        _set(self._before.pop())

    def __call__(self, function: Callable) -> Callable:
        return _decorated(function, self._fresh)

    def _fresh(self) -> _GradMode:
        """The same mode for one call: threads may run them at once."""
        return type(self)()


class no_grad(_GradMode):
    """Operations inside are not recorded: their results do not require grad."""

    _enabled = False


class enable_grad(_GradMode):
    """Operations inside are recorded, even inside a no_grad."""


class set_grad_enabled(_GradMode):
    """Records operations or not, from here on; as a context manager, until its end."""

    def __new__(cls, mode: bool):
        made = super().__new__(cls)
        made._enabled = bool(mode)
        made._before = [_set(made._enabled)]
        return made

    def __enter__(self) -> None:
        _set(self._enabled)

    def __call__(self, function: Callable) -> Callable:
        _set(self._before.pop())  # as a decorator it changes nothing outside the function
        return super().__call__(function)

    def _fresh(self) -> _GradMode:
        return set_grad_enabled(self._enabled)


def is_inference_mode_enabled() -> bool:
    """Whether this thread makes inference tensors."""
    found = c_bool()
    check(native.inference_mode(byref(found)))
    return found.value


def _set_inference(enabled: bool) -> bool:
    before = c_bool()
    check(native.inference_mode_set(enabled, byref(before)))
    return before.value


class inference_mode:
    """Operations inside are not recorded, and make tensors that no graph may hold."""

    def __new__(cls, mode: bool | Callable = True):
        made = super().__new__(cls)
        made._mode = True if callable(mode) else bool(mode)
        made._before = []
        return made(mode) if callable(mode) else made

    def __enter__(self) -> None:
        self._before.append((_set_inference(self._mode), _set(not self._mode)))

    def __exit__(self, *error: object) -> None:
        inference, grad = self._before.pop()
        _set_inference(inference)
        _set(grad)

    def __call__(self, function: Callable) -> Callable:
        return _decorated(function, lambda: inference_mode(self._mode))
