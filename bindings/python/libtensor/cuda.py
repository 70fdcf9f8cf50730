"""CUDA devices, their streams and events."""

from __future__ import annotations

from contextlib import contextmanager
from ctypes import (
    Structure,
    byref,
    c_bool,
    c_char,
    c_double,
    c_int32,
    c_size_t,
    c_uint64,
    c_void_p,
    sizeof,
)
from typing import TYPE_CHECKING

from . import memory
from ._dtypes import device as _device
from ._errors import check
from ._library import native
from ._native import DEVICES
from ._structs import Device

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_available() -> bool:
    """Whether tensors can live on a CUDA device."""
    return native.cuda_is_available()


def unavailable_reason() -> str:
    """Why they cannot; "" where they can."""
    return native.cuda_unavailable_reason().decode()


def device_count() -> int:
    """How many CUDA devices there are to use."""
    count = c_int32()
    check(native.cuda_device_count(byref(count)))
    return count.value


class DeviceProperties(Structure):
    """What a device says of itself: tensor_device_properties_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("total_memory", c_uint64),
        ("major", c_int32),
        ("minor", c_int32),
        ("multi_processor_count", c_int32),
        ("max_threads_per_multi_processor", c_int32),
        ("_name", c_char * 256),
    ]

    @property
    def name(self) -> str:
        """The name that the driver gives it."""
        return self._name.decode()


def get_device_properties(device: object = None) -> DeviceProperties:
    """What a device says of itself."""
    found = DeviceProperties(sizeof(DeviceProperties))
    check(native.device_properties(_native_device(device), byref(found)))
    return found


def get_device_name(device: object = None) -> str:
    """The name that the driver gives it."""
    return get_device_properties(device).name


def get_device_capability(device: object = None) -> tuple[int, int]:
    """Its compute capability."""
    found = get_device_properties(device)
    return found.major, found.minor


def current_device() -> int:
    """The device that "cuda" without a number stands for."""
    if not is_available():
        raise RuntimeError(unavailable_reason())
    index = c_int32()
    check(native.cuda_current_device(byref(index)))
    return index.value


def set_device(device: object) -> None:
    """Let "cuda" without a number stand for this device, in this thread."""
    check(native.cuda_set_device(_native_device(device).index))


def synchronize(device: object = None) -> None:
    """Wait until all work of a device is done."""
    check(native.device_synchronize(_native_device(device)))


def check_at_once(at_once: bool = True) -> None:
    """Let operations wait to see that indices, targets and divisors are valid, and raise the error.

    Otherwise the next call that waits for the device raises it, with the operation's name.
    """
    check(native.cuda_check_at_once(at_once))


def checks_at_once() -> bool:
    """Whether they do; not at first."""
    return native.cuda_checks_at_once()


class Stream:
    """A queue of a device's work. `Stream()` is one of a pool; lower priorities run first."""

    def __init__(self, device: object = None, priority: int = 0) -> None:
        self._handle = c_void_p()
        check(native.stream_new(_native_device(device), priority, byref(self._handle)))

    @classmethod
    def _from(cls, function: object, device: object) -> Stream:
        stream = cls.__new__(cls)
        stream._handle = c_void_p()
        check(function(_native_device(device), byref(stream._handle)))
        return stream

    def __del__(self) -> None:
        native.stream_release(self._handle)

    @property
    def cuda_stream(self) -> int:
        """The cudaStream_t; 0 for the default stream."""
        address = c_void_p()
        check(native.stream_native(self._handle, byref(address)))
        return address.value or 0

    def synchronize(self) -> None:
        """Wait until the work put here so far is done."""
        check(native.stream_synchronize(self._handle))

    def query(self) -> bool:
        """Is it done?"""
        done = c_bool()
        check(native.stream_query(self._handle, byref(done)))
        return done.value

    def wait_event(self, event: Event) -> None:
        """Let later work wait for the event."""
        check(native.stream_wait_event(self._handle, event._handle))

    def wait_stream(self, stream: Stream) -> None:
        """Let later work wait for what the other stream has been given so far."""
        self.wait_event(stream.record_event())

    def record_event(self, event: Event | None = None) -> Event:
        """Mark the point that the stream has now come to."""
        event = event or Event()
        event.record(self)
        return event


class Event:
    """A point in a stream's work."""

    def __init__(self, enable_timing: bool = False, device: object = None) -> None:
        self._handle = c_void_p()
        check(native.event_new(_native_device(device), enable_timing, byref(self._handle)))

    def __del__(self) -> None:
        native.event_release(self._handle)

    def record(self, stream: Stream | None = None) -> None:
        """Mark the point that the stream, or the current one, has now come to."""
        stream = stream or current_stream()
        check(native.event_record(self._handle, stream._handle))

    def wait(self, stream: Stream | None = None) -> None:
        """Let later work of the stream, or the current one, wait for it."""
        (stream or current_stream()).wait_event(self)

    def query(self) -> bool:
        """Has the device come past it?"""
        done = c_bool()
        check(native.event_query(self._handle, byref(done)))
        return done.value

    def synchronize(self) -> None:
        """Wait for it."""
        check(native.event_synchronize(self._handle))

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from here to there."""
        milliseconds = c_double()
        check(native.event_elapsed(self._handle, end_event._handle, byref(milliseconds)))
        return milliseconds.value


def current_stream(device: object = None) -> Stream:
    """The stream that this thread's operations go to."""
    return Stream._from(native.stream_current, device)


def default_stream(device: object = None) -> Stream:
    """The stream that every thread begins with."""
    return Stream._from(native.stream_default, device)


def set_stream(stream: Stream) -> None:
    """Put this thread's operations there from now on."""
    check(native.stream_set_current(stream._handle))


@contextmanager
def stream(stream: Stream) -> Iterator[None]:
    """Put this thread's operations there while the block runs."""
    before = current_stream()
    set_stream(stream)
    try:
        yield
    finally:
        set_stream(before)


def _native_device(device: object) -> Device:
    if isinstance(device, int):
        index = device
    elif device is None:
        index = current_device()
    else:
        index = _device(device).index
        index = current_device() if index is None else index
    return Device(DEVICES["cuda"], index)


def memory_stats(device: object = None) -> dict[str, int]:
    """What the device's allocator counts, under PyTorch's names."""
    found = memory.stats(_named(device))
    return {
        "allocation.all.allocated": found.allocations,
        "allocation.all.freed": found.frees,
        "allocated_bytes.all.current": found.active,
        "allocated_bytes.all.peak": found.active_peak,
        "requested_bytes.all.current": found.allocated,
        "requested_bytes.all.peak": found.allocated_peak,
        "reserved_bytes.all.current": found.reserved,
        "reserved_bytes.all.peak": found.reserved_peak,
        "num_ooms": found.out_of_memory,
        "num_sync_all_streams": found.waits,
    }


def memory_allocated(device: object = None) -> int:
    """Bytes in tensors' hands now, as rounded by the allocator."""
    return memory.stats(_named(device)).active


def max_memory_allocated(device: object = None) -> int:
    """The most there have been."""
    return memory.stats(_named(device)).active_peak


def memory_reserved(device: object = None) -> int:
    """Bytes taken from the device now."""
    return memory.stats(_named(device)).reserved


def max_memory_reserved(device: object = None) -> int:
    """The most there have been."""
    return memory.stats(_named(device)).reserved_peak


def reset_peak_memory_stats(device: object = None) -> None:
    """All peaks become what is there now."""
    memory.reset_peaks(_named(device))


def empty_cache() -> None:
    """Give back to the current device what nobody uses."""
    if is_available():
        memory.empty_cache(_named(None))


def set_per_process_memory_fraction(fraction: float, device: object = None) -> None:
    """Let no more than this share of the device's memory be reserved."""
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    memory.set_budget(int(fraction * get_device_properties(device).total_memory), _named(device))


def _named(device: object) -> str:
    return f"cuda:{_native_device(device).index}"
