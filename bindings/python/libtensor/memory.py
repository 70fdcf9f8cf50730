"""Device memory: what is held and by whom, limits, and what to do when it is out.

All functions take a device, the CPU where none is given; `libtensor.cuda` has some of them under
PyTorch's names.
"""

from __future__ import annotations

import atexit
import gc
from contextlib import contextmanager
from ctypes import (
    CFUNCTYPE,
    Structure,
    byref,
    c_bool,
    c_char,
    c_int32,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    sizeof,
    string_at,
)
from typing import TYPE_CHECKING, NamedTuple

from ._dtypes import device as _device
from ._dtypes import device_of
from ._errors import check
from ._library import native
from ._structs import Device
from ._user import DESTROY, held, hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NO_LIMIT = 2**64 - 1
STATES = ("used", "waiting", "free")


class Stats(Structure):
    """Levels in bytes now, the most they have been, and counts: tensor_memory_stats_t."""

    _fields_ = [("struct_size", c_size_t)] + [
        (name, c_uint64)
        for name in (
            "allocated", "allocated_peak", "active", "active_peak", "reserved", "reserved_peak",
            "allocations", "frees", "device_calls", "waits", "pressure_calls", "out_of_memory",
            "capacity",
        )
    ]  # fmt: skip


class _Block(Structure):
    """tensor_memory_block_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("address", c_uint64),
        ("bytes", c_uint64),
        ("requested", c_uint64),
        ("stream", c_uint64),
        ("state", c_int32),
        ("reserved", c_int32),
        ("tag", c_char * 256),
        ("operation", c_char * 64),
    ]


class Block(NamedTuple):
    """One run of reserved bytes; tag and operation are those of used ones."""

    address: int
    bytes: int
    requested: int
    stream: int
    state: str
    tag: str
    operation: str


def _native(device: object) -> Device:
    return _device(device).native()


def stats(device: object = "cpu") -> Stats:
    """What the device's allocator counts."""
    found = Stats(sizeof(Stats))
    check(native.memory_stats(_native(device), byref(found)))
    return found


def stream_stats(device: object = "cpu") -> dict[int, Stats]:
    """The same for each stream that has allocated."""
    count, room = c_size_t(), 64
    while True:
        streams, found = (c_uint64 * room)(), (Stats * room)()
        found[0].struct_size = sizeof(Stats)
        check(native.memory_stream_stats(_native(device), streams, found, room, byref(count)))
        if count.value <= room:
            return dict(zip(streams[: count.value], found))
        room = 2 * count.value


def snapshot(device: object = "cpu") -> list[Block]:
    """Every block of the device's memory, by stream and address."""
    count, room = c_size_t(), 0
    check(native.memory_snapshot(_native(device), None, 0, byref(count)))
    while count.value > room:  # other threads may allocate meanwhile
        room = count.value + 16
        blocks = (_Block * room)()
        blocks[0].struct_size = sizeof(_Block)
        check(native.memory_snapshot(_native(device), blocks, room, byref(count)))
    return [
        Block(
            one.address, one.bytes, one.requested, one.stream, STATES[one.state],
            one.tag.decode(), one.operation.decode(),
        )
        for one in (blocks[: count.value] if room else [])
    ]  # fmt: skip


def reset_peaks(device: object = "cpu") -> None:
    """All peaks become what is there now."""
    check(native.memory_reset_peaks(_native(device)))


def empty_cache(device: object = "cpu") -> None:
    """Give back to the device what nobody uses."""
    check(native.memory_empty_cache(_native(device)))


def set_budget(bytes: int | None, device: object = "cpu", tag: str | None = None) -> None:
    """Let no more than this be reserved on the device, or allocated with a tag; None: no limit."""
    limit = NO_LIMIT if bytes is None else bytes
    if tag is None:
        check(native.memory_set_budget(_native(device), limit))
    else:
        check(native.memory_set_tag_budget(_native(device), tag.encode(), limit))


def tag_bytes(tag: str, device: object = "cpu") -> tuple[int, int]:
    """Bytes that carry the tag now, and the most there have been."""
    now, peak = c_uint64(), c_uint64()
    check(native.memory_tag_bytes(_native(device), tag.encode(), byref(now), byref(peak)))
    return now.value, peak.value


@contextmanager
def tag(name: str) -> Iterator[None]:
    """Blocks that this thread allocates while the block runs carry the tag."""
    length = c_size_t()
    buffer = create_string_buffer(256)
    check(native.memory_tag(buffer, len(buffer), byref(length)))
    check(native.memory_set_tag(name.encode()))
    try:
        yield
    finally:
        check(native.memory_set_tag(buffer.value))


_PRESSURE = CFUNCTYPE(c_bool, c_void_p, Device, c_uint64)


@_PRESSURE
def _PRESSED(user: int, device: Device, bytes: int) -> bool:
    try:
        return bool(held(user)(device_of(device), bytes))
    except Exception:  # the allocation fails then, and says so
        return False


def collect_cycles(device: object, bytes: int) -> bool:
    """For `on_pressure`: has Python's collector free what only cycles of objects hold."""
    before = stats(device).allocated
    gc.collect()
    return stats(device).allocated < before


def on_pressure(function: Callable[[object, int], bool] | None, device: object = "cpu") -> None:
    """Call function(device, bytes) before an allocation of so many bytes fails.

    It may let go of tensors, and says whether trying again makes sense. None takes it away: on the
    CPU `collect_cycles` is called then, as at first.
    """
    if function is None and _device(device).type != "cpu":
        check(native.memory_set_pressure_callback(_native(device), None, None, None))
        return
    user = hold(function or collect_cycles)
    try:
        check(native.memory_set_pressure_callback(_native(device), _PRESSED, user, DESTROY))
    except BaseException:
        DESTROY(user)
        raise


def record_history(max_events: int, device: object = "cpu") -> None:
    """Keep the last allocations and frees from now on; 0 stops, and forgets."""
    check(native.memory_history_record(_native(device), max_events))


def history(device: object = "cpu") -> str:
    """What was recorded, as a text that tools/allocator-replay reads."""
    length = c_size_t()
    check(native.memory_history(_native(device), None, 0, byref(length)))
    while True:
        buffer = create_string_buffer(length.value + 1024)
        check(native.memory_history(_native(device), buffer, len(buffer), byref(length)))
        if length.value < len(buffer):
            return string_at(buffer, length.value).decode()


on_pressure(None)
# The program may use the library longer than Python.
atexit.register(native.memory_set_pressure_callback, _native("cpu"), None, None, None)
