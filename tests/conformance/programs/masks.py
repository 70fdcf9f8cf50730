"""Bools and 0-dim tensors of bool and uint8 as an index: a mask over a new dim."""

from programs.registry import Programs

PROGRAMS = program = Programs()

ALL = slice(None)
INDICES = {
    "true": (True,), "false": (False,), "bool_true": ("T",), "bool_false": ("F",),
    "uint8_1": ("u1",), "uint8_0": ("u0",), "uint8_7": ("u7",),
    "none_true": (None, True), "true_none": (True, None), "0_true": (0, "T"),
    "true_0": ("T", 0), "0_false": (0, "F"), "true_false": (True, False),
    "true_true": (True, True), "all_true": (ALL, True), "rest_true": (..., True),
    "true_slice": ("T", slice(0, 2)), "slice_true": (slice(0, 2), "T"),
    "all_all_true": (ALL, ALL, True), "none_all_true": (None, ALL, True),
    "true_all_true": (True, ALL, True), "true_all_false": (True, ALL, False),
    "0_1_true": (0, 1, True), "true_0_1": (True, 0, 1), "number_true": ("i1", True),
    "0_all_true": (0, ALL, True), "true_rest_true": (True, ..., True),
    "rest_0_true": (..., 0, True), "true_slice_0": (True, slice(0, 2), 0),
    "beyond": (True, 5), "beyond_after": (ALL, True, 5), "too_many": (True, ALL, ALL, ALL),
}
POSITIONS = {
    "true_list": ("T", "L"), "list_true": ("L", "T"), "all_list_true": (ALL, "L", "T"),
    "true_all_list": ("T", ALL, "L"), "list_all_true": ("L", ALL, "T"), "false_list": ("F", "L"),
    "list_false_true": ("L", "F", "T"), "one_false": ("L1", "F"),
}


def _key(torch, parts):
    byte = torch.uint8
    tensors = {"T": torch.tensor(True), "F": torch.tensor(False), "i1": torch.tensor(1),
               "u0": torch.tensor(0, dtype=byte), "u1": torch.tensor(1, dtype=byte),
               "u7": torch.tensor(7, dtype=byte), "L": torch.tensor([1, 0]),
               "L1": torch.tensor([2])}
    key = tuple(tensors[part] if isinstance(part, str) else part for part in parts)
    return key[0] if len(key) == 1 else key


def _read(torch, parts):
    x = torch.arange(6).reshape(3, 2)
    found = x[_key(torch, parts)]
    found.add_(1)  # a copy, whatever the mask
    return [found, x]


def _write(torch, parts, value):
    x = torch.arange(6).reshape(3, 2)
    x[_key(torch, parts)] = torch.tensor(value) if isinstance(value, list) else value
    return [x, x._version]


for _name, _parts in {**INDICES, **POSITIONS}.items():
    program.add(f"read_{_name}", lambda torch, p=_parts: _read(torch, p))
for _name, _parts in INDICES.items():
    program.add(f"write_number_{_name}", lambda torch, p=_parts: _write(torch, p, 9))
    program.add(f"write_row_{_name}", lambda torch, p=_parts: _write(torch, p, [7, 8]))
    program.add(f"write_rows_{_name}", lambda torch, p=_parts: _write(torch, p, [[7], [8], [9]]))


def _of_0dim(torch, parts):
    x = torch.tensor(5.0)
    key = _key(torch, parts)
    found = x[key]
    x[key] = 3
    return [found, x]


for _name, _parts in {"true": (True,), "false": ("F",), "none_true": (None, True),
                      "true_true": (True, True), "true_0": (True, 0), "true_all": (True, ALL),
                      "rest_true": (..., True)}.items():
    program.add(f"of_0dim_{_name}", lambda torch, p=_parts: _of_0dim(torch, p))


@program
def a_condition(torch):
    x = torch.arange(6.0).reshape(3, 2)
    x[x.max() > 3] = 9
    x[x.max() > 10] = 1
    return [x, x[x.sum() > 3], x[x.sum() < 3]]


@program
def strides_of_what_is_read(torch):
    x = torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1)
    first, second = x[True], x[:, True]
    return [list(first[0].stride()), list(second[:, 0].stride())]


@program
def gradient_of_a_read(torch):
    x = torch.ones(3, 2, requires_grad=True)
    (x[True] * 2).sum().backward()
    x[torch.tensor(False)].sum().backward()
    return [x.grad]


@program
def gradient_of_a_write(torch):
    x = torch.ones(2, requires_grad=True)
    value = torch.ones(2, requires_grad=True)
    y, z = x * 1, x * 1
    y[torch.tensor(True)] = value
    z[torch.tensor(False)] = value
    name = y.grad_fn.name(), z.grad_fn.name()
    (y + z * 3).sum().backward()
    return [*name, x.grad, value.grad]


def _refused(torch, value):
    x = torch.zeros(2)
    x[torch.tensor(True)] = value(torch)
    return [x]


for _name, _value in {
    "other_dtype": lambda torch: torch.ones(2, dtype=torch.float64),
    "other_dtype_0dim": lambda torch: torch.tensor(2),
    "leading_ones": lambda torch: torch.ones(1, 1, 1, 2),
    "too_long": lambda torch: torch.ones(1, 1, 3),
    "too_many_dims": lambda torch: torch.ones(2, 1, 2),
    "a_list": lambda torch: [1, 2],
    "a_text": lambda torch: "a",
}.items():
    program.add(f"value_{_name}", lambda torch, v=_value: _refused(torch, v))


@program
def leaf_that_requires_grad(torch):
    x = torch.zeros(2, requires_grad=True)
    x[torch.tensor(False)] = 1
