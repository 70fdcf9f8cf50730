"""detect_anomaly and set_detect_anomaly: finding the operation whose derivative fails."""

from __future__ import annotations

import os
import traceback
import warnings
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_char, c_int32, c_size_t, c_void_p, memmove

from .._errors import check
from .._library import native

__all__ = ["detect_anomaly", "set_detect_anomaly"]

_LOCATION = CFUNCTYPE(c_int32, c_void_p, POINTER(c_char), c_size_t, POINTER(c_size_t))
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _stack() -> str:
    """The Python stack, without this package's own frames at its end."""
    frames = traceback.extract_stack()
    while frames and frames[-1].filename.startswith(_HERE):
        frames.pop()
    return "\n" + "".join(traceback.format_list(frames)).rstrip()


@_LOCATION
def _tell_location(_user, buffer, capacity, length) -> int:
    text = _stack().encode()
    length[0] = len(text)
    if len(text) < capacity:
        memmove(buffer, text, len(text))
    return 0


def _get() -> tuple[bool, bool]:
    enabled, check_nan = c_bool(), c_bool()
    check(native.detect_anomaly(byref(enabled), byref(check_nan)))
    return enabled.value, check_nan.value


def _set(enabled: bool, check_nan: bool) -> None:
    if enabled:
        check(native.set_location_callback(_tell_location, None, None))
    check(native.set_detect_anomaly(enabled, check_nan))


def is_anomaly_enabled() -> bool:
    """Whether nodes remember where they were recorded."""
    return _get()[0]


def is_anomaly_check_nan_enabled() -> bool:
    """Whether a derivative that is NaN is an error, while detection is on."""
    return _get()[1]


class set_detect_anomaly:
    """Switches detection on or off, from here on; as a context manager, until its end."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self.prev, self.prev_check_nan = _get()
        _set(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        _set(self.prev, self.prev_check_nan)


class detect_anomaly:
    """Inside, an error in backward says where its operation was called, and NaN is an error."""

    def __init__(self, check_nan: bool = True):
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = _get()
        _set(True, self.check_nan)

    def __exit__(self, *error: object) -> None:
        _set(*self._before)
