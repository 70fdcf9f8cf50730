"""The module under test, and the same module with another default device."""

import os
from contextlib import contextmanager
from functools import partial
from importlib import import_module

CREATORS = frozenset(
    "tensor empty zeros ones full arange eye rand randn as_tensor zeros_like ones_like full_like "
    "empty_like rand_like randn_like frombuffer from_numpy".split())


def module_under_test():
    """libtensor, or what LIBTENSOR_CONFORMANCE_MODULE names (`torch` to check the records)."""
    return import_module(os.environ.get("LIBTENSOR_CONFORMANCE_MODULE", "libtensor"))


class OnDevice:
    """A module whose creation functions make tensors on `device`: programs name no device."""

    def __init__(self, torch, device):
        self._torch, self._device = torch, device

    def __getattr__(self, name):
        found = getattr(self._torch, name)
        if name in ("frombuffer", "from_numpy"):
            return lambda *args, **kwargs: found(*args, **kwargs).to(self._device)
        if name in CREATORS:
            return partial(self._create, found)
        return found

    def _create(self, creator, *args, **kwargs):
        return creator(*args, **{"device": self._device, **kwargs})


@contextmanager
def at_once(torch, device, wanted=True):
    """Indices and divisors are looked at before a call returns, as on the CPU."""
    if not wanted or not device.startswith("cuda"):
        yield
        return
    torch.cuda.check_at_once(True)
    try:
        yield
    finally:
        torch.cuda.check_at_once(False)


def on_device(torch, device):
    """`torch` as programs for `device` see it."""
    return torch if device == "cpu" else OnDevice(torch, device)
