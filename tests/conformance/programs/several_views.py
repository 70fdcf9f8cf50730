"""Operations that return several views of one tensor: unbind, split, chunk, tensor_split."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch):
    return torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)


FORMS = {
    "unbind": lambda x: x.unbind(),
    "unbind_last": lambda x: x.unbind(-1),
    "split": lambda x: x.split(2, 1),
    "split_with_sizes": lambda x: x.split([1, 2], dim=1),
    "split_with_sizes_by_name": lambda x: x.split_with_sizes((2, 0, 1), 1),
    "chunk": lambda x: x.chunk(2, 1),
    "chunk_fewer": lambda x: x.chunk(4, dim=1),
    "chunk_one": lambda x: x.chunk(1),
    "tensor_split": lambda x: x.tensor_split(2, 1),
    "tensor_split_more": lambda x: x.tensor_split(5, 1),
    "tensor_split_indices": lambda x: x.tensor_split([1, 2], 1),
    "tensor_split_out_of_range": lambda x: x.tensor_split((2, 1, 7), 1),
    "iteration": list,
}


def _shown(form):
    def run(torch):
        x = _leaf(torch)
        views = form(x)
        names = [[v.grad_fn.name(), v.storage_offset()] for v in views]
        return [list(views), names, [v.is_leaf for v in views]]
    return run


def _all_parts(form):
    def run(torch):
        x = _leaf(torch)
        views = form(x * 1)
        sum((i + 1) * (v * v).sum() for i, v in enumerate(views)).backward()
        return x.grad
    return run


def _one_part(form):
    def run(torch):
        x = _leaf(torch)
        (form(x)[-1] * 3).sum().backward()
        return x.grad
    return run


def _twice(form):
    def run(torch):
        x = _leaf(torch)
        views = form(x)
        grad, = torch.autograd.grad((views[0] ** 3).sum(), x, create_graph=True)
        return [grad, grad.grad_fn.name(), torch.autograd.grad(grad.sum(), x)[0]]
    return run


def _in_place(form):
    def run(torch):
        y = _leaf(torch) * 1
        form(y)[0].mul_(2)
        return [y, y.grad_fn.name()]
    return run


def _base_in_place(form):
    def run(torch):
        y = _leaf(torch) * 1
        views = form(y)
        y.mul_(2)
        return [views[1].requires_grad, views[1]._version, views[1] * 2]
    return run


for name, form in FORMS.items():
    program.add(f"{name}_is", _shown(form))
    program.add(f"{name}_all_parts", _all_parts(form))
    program.add(f"{name}_one_part", _one_part(form))
    program.add(f"{name}_twice", _twice(form))
    program.add(f"{name}_changed_in_place", _in_place(form))
for name in ("unbind", "split", "split_with_sizes", "chunk", "tensor_split", "iteration"):
    program.add(f"{name}_base_changed_in_place", _base_in_place(FORMS[name]))

REFUSED = {
    "unbind_no_such_dim": lambda torch, x: x.unbind(2),
    "unbind_of_a_number": lambda torch, x: torch.tensor(1.0).unbind(),
    "split_by_zero": lambda torch, x: x.split(0),
    "split_by_less": lambda torch, x: x.split(-1),
    "split_no_such_dim": lambda torch, x: x.split(2, 5),
    "split_of_a_number": lambda torch, x: torch.tensor(1.0).split(2),
    "split_sizes_too_few": lambda torch, x: x.split([1, 1], 1),
    "split_sizes_too_many": lambda torch, x: x.split([2, 2, 2], -1),
    "split_sizes_negative": lambda torch, x: x.split([4, -1], 1),
    "split_sizes_of_a_number": lambda torch, x: torch.tensor(1.0).split([1]),
    "chunk_none": lambda torch, x: x.chunk(0),
    "chunk_less": lambda torch, x: x.chunk(-1),
    "chunk_of_a_number": lambda torch, x: torch.tensor(1.0).chunk(2),
    "tensor_split_none": lambda torch, x: x.tensor_split(0),
    "tensor_split_of_a_number": lambda torch, x: torch.tensor(1.0).tensor_split(2),
    "iteration_of_a_number": lambda torch, x: list(torch.tensor(1.0)),
}
for name, refused in REFUSED.items():
    program.add(name, lambda torch, refused=refused: list(refused(torch, _leaf(torch))))


@program
def of_nothing(torch):
    none, rows = torch.zeros(0), torch.zeros(0, 3)
    return [list(none.unbind()), list(none.split(0)), list(none.split(2)), list(rows.chunk(3)),
            list(torch.zeros(2, 0).split(0, 1)), list(none.split([])), type(none.unbind()).__name__]


@program
def functions(torch):
    x = _leaf(torch)
    return [list(torch.unbind(x, dim=1)), list(torch.split(x, 2, dim=1)),
            list(torch.split(x, [1, 2], 1)), list(torch.chunk(x, 2)),
            list(torch.tensor_split(x, 2, dim=1)), list(torch.split_with_sizes(x, [2, 1], 1))]


@program
def of_integers(torch):
    x = torch.arange(6).reshape(2, 3)
    row, other = x.unbind()
    row.add_(10)
    return [x, row, other, row._version, other.requires_grad]


@program
def in_place_of_a_plain_tensor(torch):
    x = torch.ones(2, 3)
    row, other = x.unbind()
    row.mul_(2)
    return [x, row, other]


@program
def in_place_that_would_require_grad(torch):
    torch.ones(2, 3).unbind()[0].mul_(_leaf(torch)[0])


@program
def in_place_under_no_grad(torch):
    x = _leaf(torch)
    with torch.no_grad():
        for row in x.unbind():
            row.mul_(2)
    return [x, x._version, x.is_leaf]


@program
def in_place_under_no_grad_then_used(torch):
    y = _leaf(torch) * 1
    row, other = y.unbind()
    with torch.no_grad():
        row.mul_(2)
    return other * 1


@program
def made_under_no_grad(torch):
    y = _leaf(torch) * 1
    with torch.no_grad():
        row, _ = y.unbind()
    row.mul_(2)


@program
def made_in_inference_mode(torch):
    y = _leaf(torch) * 1
    with torch.inference_mode():
        row, _ = y.unbind()
    row.mul_(2)


@program
def a_view_of_one(torch):
    y = _leaf(torch) * 1
    y.unbind()[1][0:1].mul_(2)


@program
def a_reshaped_view_of_one(torch):
    y = _leaf(torch) * 1
    y.unbind()[1].view(3).mul_(2)


@program
def a_view_of_a_view_made_under_no_grad(torch):
    y = _leaf(torch) * 1
    with torch.no_grad():
        row = y[0]
    row[0:1].mul_(2)


@program
def a_view_of_a_view_made_in_inference_mode(torch):
    y = _leaf(torch) * 1
    with torch.inference_mode():
        row = y[0]
    row[0:1].mul_(2)


@program
def of_a_leaf_in_place(torch):
    _leaf(torch).unbind()[0].mul_(2)


@program
def in_place_by_copy(torch):
    (_leaf(torch) * 1).split(1)[0].copy_(torch.ones(1, 3))


@program
def in_place_transposed(torch):
    (_leaf(torch) * 1).split(1)[0].t_()


@program
def a_sibling_slice_changed(torch):
    y = _leaf(torch) * 1
    row, other = y.unbind()
    y[0].mul_(2)
    return other * 1


@program
def base_without_grad_changed(torch):
    y = torch.ones(2, 3)
    row, _ = y.unbind()
    y.mul_(_leaf(torch))
    return row * 1


@program
def base_of_a_no_grad_view_changed(torch):
    y = _leaf(torch) * 1
    with torch.no_grad():
        row = y[0]
    y.mul_(2)
    return row * 1


@program
def base_of_an_inference_view_changed(torch):
    y = _leaf(torch) * 1
    with torch.inference_mode():
        row = y[0]
    y.mul_(2)
    return row * 1


@program
def stale_view_is_printed(torch):
    y = _leaf(torch) * 1
    row, _ = y.unbind()
    first = y[0]
    y.mul_(2)
    return [str(row), str(first)]


@program
def printed(torch):
    return [str(part) for part in _leaf(torch).split(2, 1)]


@program
def detached_in_place(torch):
    (_leaf(torch) * 1).unbind()[0].detach_()


@program
def retains_grad(torch):
    row, other = _leaf(torch).unbind()
    row.retain_grad()
    other.retain_grad()
    (row * other).sum().backward()
    return [row.grad, other.grad]


@program
def hooks_of_each(torch):
    x = _leaf(torch)
    order = []
    for i, row in enumerate(x.unbind()):
        row.register_hook(lambda grad, i=i: order.append([i, grad.clone()]))
    row.sum().backward()
    return [order, x.grad]


@program
def grad_of_a_part(torch):
    x = _leaf(torch)
    row, other = x.unbind()
    return list(torch.autograd.grad((row * other).sum(), [row, other, x]))


@program
def nothing_arrives(torch):
    x = _leaf(torch)
    a, b = (x * 2).unbind()
    return list(torch.autograd.grad(a.sum(), [b, x], allow_unused=True))


@program
def next_functions(torch):
    x = _leaf(torch)
    row, other = x.unbind()
    return [[node.name(), nr] for node, nr in (row * other).grad_fn.next_functions]


@program
def unpacked(torch):
    x = torch.arange(4.0, requires_grad=True)
    a, b, c, d = x
    (a * b + c * d * d).backward()
    return x.grad
