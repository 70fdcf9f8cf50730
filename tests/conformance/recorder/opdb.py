"""Samples from PyTorch's own generator, op_db, kept small and within scope."""

import random
import warnings
import zlib

import numpy as np
import torch
import torch.testing._internal.common_methods_invocations as invocations
import torch.testing._internal.opinfo.core as core

from recorder.catalog import WITH_GRAD

MOST_SAMPLES = 16
SIZES = {"XS": 3, "S": 4, "M": 5, "L": 6}
"""op_db's own sizes are 3, 5, 10 and 20; smaller ones keep the records small."""


def shrink_samples():
    """Make op_db generate tensors of SIZES."""
    for module in (invocations, core):
        for name, size in SIZES.items():
            if hasattr(module, name):
                setattr(module, name, size)


def entries(operation):
    """op_db's entries of an operation."""
    return [entry for entry in invocations.op_db
            if entry.name in operation.opdb and entry.variant_test_name != "triton_optimized"
            and entry.variant_test_name != "decomposed"]


def seed(*words):
    """Seed every generator op_db uses from the names of what is generated."""
    value = zlib.crc32(" ".join(map(str, words)).encode())
    torch.manual_seed(value)
    random.seed(value)
    np.random.seed(value)


def samples(operation, dtype):
    """Yield (args, kwargs) of op_db's samples, evenly chosen where there are many."""
    for entry in entries(operation):
        if dtype not in entry.dtypes:
            continue
        seed(operation.name, entry.variant_test_name, dtype)
        needs_grad = dtype in WITH_GRAD and entry.supports_autograd
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = list(_tolerant(entry.sample_inputs("cpu", dtype, needs_grad)))
        for sample in _spread(found, MOST_SAMPLES):
            args, kwargs = arrange(operation, sample)
            if operation.name == "operator.getitem" and not _is_basic_index(args[1]):
                continue
            if not _takes_unbiased(operation, args, kwargs):
                yield args, kwargs


def errors(operation):
    """Yield (args, kwargs) of op_db's calls that must fail."""
    for entry in entries(operation):
        if entry.error_inputs_func is None:
            continue
        seed(operation.name, "errors")
        for bad in _tolerant(entry.error_inputs("cpu")):
            args, kwargs = arrange(operation, bad.sample_input)
            if isinstance(kwargs.get("out"), torch.Tensor):
                kwargs["out"].zero_()  # op_db leaves it uninitialised
            yield args, kwargs


def arrange(operation, sample):
    """The call's arguments in the order of the public function (op_db wraps a few)."""
    args, kwargs = [sample.input, *sample.args], dict(sample.kwargs)
    if operation.name == "where":
        args[0], args[1] = args[1], args[0]
    return args, kwargs


def _is_basic_index(index):
    """Whether an index makes a view: numbers, slices, None, Ellipsis; no tensors, lists, bools."""
    if isinstance(index, tuple):
        return all(map(_is_basic_index, index))
    return not isinstance(index, (bool, list, torch.Tensor))


def _takes_unbiased(operation, args, kwargs):
    """Whether var and the like are told their correction as a bool, or as None: not here yet."""
    if not operation.name.startswith(("var", "std")):
        return False
    bools = any(isinstance(value, bool) for value in args[1:])
    return bools or "unbiased" in kwargs or kwargs.get("correction", 1) is None


def _tolerant(generated):
    """A generator's items up to its first failure (the changed sizes break a few)."""
    iterator = iter(generated)
    while True:
        try:
            yield next(iterator)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001
            print("   op_db:", type(error).__name__, str(error).splitlines()[:1])
            return


def _spread(items, most):
    if len(items) <= most:
        return items
    return [items[i * len(items) // most] for i in range(most)]
