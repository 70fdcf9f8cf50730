"""Replays what is recorded of one test item; returns its differences as texts."""

from dataclasses import replace
from functools import cache
from math import prod

import programs

from replay import files
from replay.compare import Rule, difference
from replay.device import at_once, on_device
from replay.outcome import Failed, Seen, from_json
from replay.promotion import run_pair
from replay.run import run, run_program

VIEWS = {"view", "view_as", "reshape", "reshape_as", "transpose", "permute", "t", "squeeze",
         "unsqueeze", "expand", "expand_as", "select", "narrow", "flatten", "operator.getitem",
         "contiguous", "to"}
"""Operations whose strides and sharing of memory are part of the result."""

REDUCTIONS = {"sum", "mean", "amax", "amin", "any", "all", "max", "min", "argmax", "argmin"}


MANY = 2048
"""Elements, of a tensor that is large."""


def check_operation(torch, operation, variant, dtype, device, layout=False):
    """Differences of one (operation, variant, dtype); with `layout`, only in the strides of all."""
    found = []
    for number, line in enumerate(files.lines("operations", operation)):
        if layout:
            found += _layout_differences(torch, operation, number, line, device)
        elif line["dtype"] == dtype and variant in line["runs"]:
            if _is_repeated(line, variant, device):
                continue
            actual = _outcome(torch, operation, variant, line, device)
            if variant == "function":
                _layouts[operation, number] = _without_elements(actual["out"])
            for text in _sample_differences(operation, variant, line, actual):
                found.append(f"sample {number} ({line['origin']}) {describe(operation, line)}\n"
                             f"  {text}")
    return found


_layouts = {}
"""(operation, number of the sample) -> the result of the function, without its elements; False
where it is not one tensor. What was computed for one test is not computed for the other."""


def _without_elements(outcome):
    return replace(outcome, bits=None, digest=None) if isinstance(outcome, Seen) else False


def _is_repeated(line, variant, device):
    """A method is the C function that the function is: on an emulated device, where each element
    costs much, the large samples are not computed a second time for it."""
    if device == "cpu" or variant != "method" or "function" not in line["runs"]:
        return False
    return any(prod(shape) > MANY for shape in _shapes([line["args"], line["kwargs"]]))


def _shapes(coded):
    """Those of the tensors in a sample's arguments."""
    if isinstance(coded, dict):
        if isinstance(coded.get("t"), dict):
            yield coded["t"]["shape"]
        else:
            yield from _shapes(list(coded.values()))
    elif isinstance(coded, list):
        for item in coded:
            yield from _shapes(item)


def _outcome(torch, operation, variant, line, device):
    expected = files.unpack_run(line["runs"], variant)
    results = None
    if variant.startswith("out"):
        results = files.unpack_run(line["runs"], "function")["out"]
    with at_once(torch, device, isinstance(expected["out"], Failed)):
        return run(torch, operation, line, line.get("call", variant), device, results)


def _sample_differences(operation, variant, line, actual):
    expected = files.unpack_run(line["runs"], variant)
    sharing = operation in VIEWS or variant == "inplace"
    rule = Rule(operation, line["kwargs"], strides=sharing, alias=sharing,
                slack=line.get("slack", 0.0))
    text = difference(expected["out"], actual["out"], rule)
    if text:
        return [text]
    if expected.get("unchanged") and not actual.get("unchanged"):
        return ["the call failed, and yet it changed its target"]
    return _gradient_differences(expected, actual, Rule(slack=line.get("slack", 0.0)))


def _gradient_differences(expected, actual, rule):
    if "grads" not in expected:
        return []
    if expected.get("grad_fn") != actual.get("grad_fn"):
        return [f"grad_fn: expected {expected.get('grad_fn')}, got {actual.get('grad_fn')}"]
    text = difference(expected["grads"], actual.get("grads"), rule)
    return [f"gradient of {text}"] if text else []


def _layout_differences(torch, operation, number, line, device):
    if "function" not in line["runs"] or operation in VIEWS or operation in REDUCTIONS:
        return []
    expected = files.unpack_run(line["runs"], "function")["out"]
    if isinstance(expected, Failed):
        return []
    actual = _layouts.get((operation, number))
    if actual is None:
        actual = run(torch, operation, line, "function", device)["out"]
    if not isinstance(expected, Seen) or not isinstance(actual, Seen):
        return []
    one, other = _used_strides(expected), _used_strides(actual)
    if one == other:
        return []
    return [f"{describe(operation, line)}\n  strides: expected {one}, got {other}"]


def _used_strides(seen):
    """The strides that matter: those of dims longer than 1, of tensors that are not empty."""
    if 0 in seen.shape:
        return []
    return [stride for size, stride in zip(seen.shape, seen.strides) if size > 1]


def check_promotion(torch, operation, form, device):
    """Differences of one form of the promotion table."""
    found = []
    line, = (item for item in files.lines("promotion", operation) if item["form"] == form)
    for pair, coded in line["rows"].items():
        actual = run_pair(torch, operation, form, *pair.split(), device=device)
        text = difference(from_json(coded), actual, Rule(operation))
        if text:
            found.append(f"{operation} {form} {pair}: {text}")
    return found


@cache
def _program_results(module):
    return {line["name"]: line["outcome"] for line in files.lines("programs", module)}


def check_program(torch, module, name, device):
    """The difference of one program."""
    function = programs.load(module)[name]
    with at_once(torch, device):
        actual = run_program(on_device(torch, device), function, device)
    text = difference(from_json(_program_results(module)[name]), actual, Rule())
    return [f"program {module}.{name}\n  {text}"] if text else []


def describe(operation, line):
    """A sample's call as a reader would write it, tensors by dtype, shape and layout."""
    parts = [_brief(item) for item in line["args"]]
    parts += [f"{name}={_brief(item)}" for name, item in line["kwargs"].items()]
    return f"{operation}({', '.join(parts)})"


def _brief(coded):
    if not isinstance(coded, dict):
        return repr(coded)
    (kind, content), = coded.items()
    if kind in ("l", "u"):
        return "[" + ", ".join(map(_brief, content)) + "]"
    if kind != "t":
        return f"{kind} {content}"
    text = f"{content['dtype']}{content['shape']}"
    if "strides" in content:
        text += f" strides {content['strides']} offset {content['offset']}"
    return text + (" requires_grad" if content.get("grad") else "")
