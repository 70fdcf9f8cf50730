"""Runs the samples of one operation in PyTorch and lays the results down."""

import json
from collections import Counter

import torch
from replay.files import pack_runs
from replay.run import SELF, is_error, run

from recorder import edges, opdb
from recorder.catalog import DTYPES
from recorder.encode import Unrecordable, dtype_name, encode_sample
from recorder.material import leaf
from recorder.slack import measure

MOST_EQUAL_ERRORS = 3
"""Samples of one dtype that fail alike: a few show it."""

UNDIFFERENTIABLE = ("equal", "item", "operator_inplace")
"""Families whose edge samples do not ask for gradients."""


def operation_lines(operation):
    """The record's lines of one operation, every dtype."""
    lines = []
    for dtype in DTYPES:
        lines += _dtype_lines(operation, dtype)
    return lines + list(_error_lines(operation))


def _dtype_lines(operation, dtype):
    lines, seen, errors = [], set(), Counter()
    for origin, args, kwargs in _samples(operation, dtype):
        try:
            sample = encode_sample(args, kwargs, with_grad=True)
        except Unrecordable:
            continue
        text = json.dumps(sample)
        if text in seen:
            continue
        seen.add(text)
        results = _runs(operation, sample, len(lines))
        message = json.dumps(_first_error(results["runs"]))
        errors[message] += message != "null"
        if results["runs"] and errors[message] <= MOST_EQUAL_ERRORS:
            lines.append({"dtype": dtype_name(dtype), "origin": origin, **sample, **results})
    return lines


def _first_error(runs):
    """The error of the first variant, where it is one."""
    out = next(iter(runs.values()))["out"] if runs else None
    return out["error"] if isinstance(out, dict) and "error" in out else None


def _samples(operation, dtype):
    """(origin, args, kwargs) of op_db's samples and our own."""
    for args, kwargs in opdb.samples(operation, dtype):
        yield "op_db", args, kwargs
    wanted = operation.family not in UNDIFFERENTIABLE
    for edge in edges.family(operation.family)(operation.name, dtype):
        args, kwargs = edge if isinstance(edge, tuple) else (edge, {})
        yield "edge", [_leaves(item, wanted) for item in args], kwargs


def _leaves(value, wanted):
    if isinstance(value, torch.Tensor):
        return leaf(value, wanted)
    if isinstance(value, (list, tuple)):
        return type(value)(_leaves(item, wanted) for item in value)
    return value


def _runs(operation, sample, index):
    """{"runs": {variant: outcome}} and the slack of a sample."""
    runs, results = {}, None
    for variant in operation.variants:
        if variant in ("out_cast", "out_empty") and index % 4 or variant == "out" and index % 2:
            continue
        if variant.startswith("out") and ("function" not in runs or is_error(runs["function"])):
            continue
        if variant in ("method", "inplace") and not _has_self(operation, sample):
            continue
        outcome = run(torch, operation.name, sample, variant, results=results)
        if is_error(outcome) and outcome["out"].kind == "TypeError":
            continue  # this variant does not take such arguments
        runs[variant] = outcome
        if results is None:
            results = runs[variant]["out"]
    first = next(iter(runs), None)
    if first is None:
        return {"runs": {}}
    slack = measure(operation.name, sample, first, runs[first])
    return {**slack, "runs": pack_runs(runs)}


def _has_self(operation, sample):
    """Whether the tensor that the method is called on is one."""
    first = sample["args"][SELF.get(operation.name, 0)]
    return isinstance(first, dict) and "t" in first


def _error_lines(operation):
    """op_db's calls that must fail, as the variant `errors`."""
    for args, kwargs in opdb.errors(operation):
        try:
            sample = encode_sample(args, kwargs, with_grad=True)
        except Unrecordable:
            continue
        variant = operation.variants[0]
        outcome = run(torch, operation.name, sample, variant)
        if is_error(outcome):
            yield {"dtype": "any", "origin": "op_db errors", "call": variant, **sample,
                   "runs": pack_runs({"errors": outcome})}


def items(lines):
    """{dtype: [variants]} for the header: the test items of a file."""
    found = {}
    for line in lines:
        variants = found.setdefault(line["dtype"], [])
        variants += [name for name in line["runs"] if name not in variants]
    return found
