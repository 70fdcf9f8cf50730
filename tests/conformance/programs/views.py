"""In-place operations on views and their bases: values, gradients, and the graph after it."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, *shape):
    count = 1
    for size in shape:
        count *= size
    values = torch.arange(1, count + 1, dtype=torch.float32) / 4
    return values.reshape(shape).requires_grad_()


VIEWS = {
    "select": lambda y: y[1],
    "slice": lambda y: y[:, 1:],
    "step": lambda y: y[:, ::2],
    "transpose": lambda y: y.transpose(0, 1),
    "t": lambda y: y.t(),
    "view": lambda y: y.view(3, 2),
    "flatten": lambda y: y.view(-1),
    "unsqueeze": lambda y: y.unsqueeze(1),
    "squeeze": lambda y: y[0:1].squeeze(0),
    "narrow": lambda y: y.narrow(1, 0, 2),
    "permute": lambda y: y.permute(1, 0),
    "strided": lambda y: y.as_strided((2, 2), (1, 2), 1),
    "of_a_view": lambda y: y.t()[1:].unsqueeze(0),
    "detached_half": lambda y: y.narrow(0, 0, 1)[0, 1:],
}
CHANGES = {
    "add": lambda torch, v, w: v.add_(w),
    "sub": lambda torch, v, w: v.sub_(w),
    "mul": lambda torch, v, w: v.mul_(w),
    "div": lambda torch, v, w: v.div_(w),
    "exp": lambda torch, v, w: v.exp_(),
    "tanh": lambda torch, v, w: v.tanh_(),
    "relu": lambda torch, v, w: v.relu_(),
    "zero": lambda torch, v, w: v.zero_(),
    "fill": lambda torch, v, w: v.fill_(2.0),
    "copy": lambda torch, v, w: v.copy_(w),
    "number": lambda torch, v, w: v.mul_(3),
    "neg": lambda torch, v, w: v.neg_(),
}


def _names(node, depth=2):
    if node is None:
        return None
    below = [_names(n, depth - 1) for n, _ in node.next_functions] if depth else []
    return [node.name(), below]


def _of_the_view(view, change):
    def run(torch):
        x, w = _leaf(torch, 2, 3), torch.tensor(1.5, requires_grad=True)
        y = x * 1
        v = view(y)
        change(torch, v, w)
        graph = [_names(y.grad_fn), _names(v.grad_fn)]
        ((y * y).sum() + v.sum()).backward()
        return [y, v, x.grad, w.grad, graph, y._version, v._version]
    return run


def _of_the_base(view, change):
    def run(torch):
        x, w = _leaf(torch, 2, 3), torch.tensor(1.5, requires_grad=True)
        y = x * 1
        v = view(y)
        change(torch, y, w)
        graph = [_names(y.grad_fn), _names(v.grad_fn)]
        ((y * y).sum() + v.sum()).backward()
        return [y, v, x.grad, w.grad, graph]
    return run


for _view_name, _view in VIEWS.items():
    for _change_name, _change in CHANGES.items():
        if _view_name in ("select", "transpose", "strided") or _change_name in ("mul", "exp"):
            program.add(f"{_change_name}_of_{_view_name}", _of_the_view(_view, _change))
    program.add(f"mul_of_the_base_of_{_view_name}", _of_the_base(_view, CHANGES["mul"]))
    program.add(f"tanh_of_the_base_of_{_view_name}", _of_the_base(_view, CHANGES["tanh"]))


# --- which tensors are concerned


@program
def two_siblings_and_the_base(torch):
    x = _leaf(torch, 4)
    y = x * 1
    left, right = y[:3], y[1:]
    left.mul_(2)
    right.exp_()
    y.mul_(3)
    left.add_(1)
    (y * y).sum().backward()
    return [y, left, right, x.grad]


@program
def saved_by_a_view_before_a_sibling_changes(torch):
    x = _leaf(torch, 4)
    y = x * 1
    left, right = y[:2], y[2:]
    z = left.exp()
    right.mul_(2)
    (z.sum() + right.sum()).backward()
    return x.grad


@program
def view_saved_before_a_sibling_changes(torch):
    x, w = _leaf(torch, 4), _leaf(torch, 2)
    y = x * 1
    left, right = y[:2], y[2:]
    z = left * w
    right.mul_(2)
    z.sum().backward()


@program
def plain_base_of_a_changed_view(torch):
    w = _leaf(torch, 3)
    base = torch.zeros(2, 3)
    row = base[1]
    row.copy_(w)
    row.mul_(w)
    base.sum().backward()
    return [base, w.grad, base.requires_grad, row.requires_grad, _names(base.grad_fn)]


@program
def plain_buffer_filled_row_by_row(torch):
    w = _leaf(torch, 3)
    buffer = torch.zeros(3, 3)
    for i in range(3):
        buffer[i] = w * (i + 1)
    (buffer * buffer).sum().backward()
    return [buffer, w.grad]


@program
def buffer_that_reads_its_own_rows(torch):
    w = _leaf(torch, 3)
    buffer = torch.ones(3, 3)
    for i in range(1, 3):
        buffer[i] = buffer[i - 1] * w
    buffer.sum().backward()


@program
def buffer_that_reads_copies_of_its_rows(torch):
    w = _leaf(torch, 3)
    buffer = torch.ones(3, 3)
    for i in range(1, 3):
        buffer[i] = buffer[i - 1].clone() * w
    buffer.sum().backward()
    return [buffer, w.grad]


@program
def base_and_view_in_one_operation(torch):
    x = _leaf(torch, 2, 2)
    y = x * 1
    row = y[0]
    y.add_(row.clone())
    (y * row).sum().backward()
    return [y, row, x.grad]


@program
def overlapping_operands(torch):
    y = _leaf(torch, 4) * 1
    y[1:].add_(y[:-1])


@program
def view_of_a_leaf(torch):
    _leaf(torch, 2)[0].mul_(2)


@program
def view_of_a_leaf_made_in_grad_mode_changed_in_no_grad(torch):
    x = _leaf(torch, 2)
    view = x[0:1]
    with torch.no_grad():
        view.mul_(2)
    (x * x).sum().backward()
    return [x, view, x._version, view.requires_grad, x.grad]


@program
def leaf_changed_in_no_grad_then_its_view_used(torch):
    x = _leaf(torch, 2)
    view = x[0:1]
    with torch.no_grad():
        x.mul_(2)
    name = view.grad_fn.name()
    (view * 3).sum().backward()
    return [view, x.grad, name]


@program
def base_leaves_the_graph(torch):
    x = _leaf(torch, 2)
    y = x * 1
    view = y[0:1]
    y.detach_()
    view.mul_(2)
    return [y, y.requires_grad, view.requires_grad]


@program
def view_of_a_base_that_comes_to_require_grad(torch):
    base = torch.ones(3)
    view = base[1:]
    base.requires_grad_()
    flags = [view.requires_grad, view.is_leaf]
    (base * 2).sum().backward()
    return [base.grad, *flags]


@program
def view_that_comes_to_require_grad(torch):
    base = torch.ones(3)
    view = base[1:]
    view.requires_grad_()
    (view * 2).sum().backward()
    return [view.grad, base.requires_grad, view.is_leaf]


@program
def leaf_view_that_requires_grad_changed(torch):
    base = torch.ones(3)
    view = base[1:]
    view.requires_grad_()
    view.mul_(2)


@program
def base_of_a_leaf_view_changed(torch):
    base = torch.ones(3)
    view = base[1:]
    view.requires_grad_()
    base.mul_(2)
    return [base, view, view.is_leaf, view._version]


# --- dtypes and broadcasting


def _in_place_of(dtype, other_dtype, shape, other_shape):
    def run(torch):
        x = torch.ones(shape, dtype=getattr(torch, dtype), requires_grad=True)
        w = torch.full(other_shape, 3.0, dtype=getattr(torch, other_dtype), requires_grad=True)
        y = x * 2
        y.mul_(w)
        y.add_(w)
        y.sum().backward()
        return [y, x.grad, w.grad]
    return run


for _dtypes in (("float32", "float64"), ("float64", "float32"), ("float16", "float32"),
                ("bfloat16", "float64")):
    program.add(f"{_dtypes[0]}_changed_by_{_dtypes[1]}", _in_place_of(*_dtypes, (2, 3), (3,)))
    program.add(f"{_dtypes[0]}_changed_by_one_{_dtypes[1]}", _in_place_of(*_dtypes, (2, 3), ()))
program.add("changed_by_a_column", _in_place_of("float32", "float32", (2, 3), (2, 1)))


@program
def row_changed_by_another_dtype(torch):
    x, w = _leaf(torch, 2, 3), torch.full((3,), 3.0, dtype=torch.float64, requires_grad=True)
    y = x * 1
    y[0].mul_(w)
    y.sum().backward()
    return [y, x.grad, w.grad]


@program
def integers_changed_by_floats(torch):
    torch.ones(3, dtype=torch.int64).mul_(_leaf(torch, 3))


@program
def integers_that_require_grad_after_all(torch):
    y = torch.ones(3, dtype=torch.int64)
    y.copy_(_leaf(torch, 3))
    return [y, y.requires_grad]


@program
def broadcast_of_self_is_refused(torch):
    (_leaf(torch, 3) * 1).mul_(_leaf(torch, 2, 3))


# --- second order through views


@program
def second_order_through_a_changed_view(torch):
    x = _leaf(torch, 3)
    y = x * 1
    y[1:].mul_(x[1:])
    y[0:1].exp_()
    first, = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    return [first, *torch.autograd.grad(first.sum(), x)]


@program
def gradient_that_is_undefined_through_a_changed_view(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = x * 1
    v = y[1:]
    v.mul_(w[1:])
    return list(torch.autograd.grad((w * 2).sum() + y.detach().sum(), [x, w], allow_unused=True))


@program
def retained_graph_over_a_changed_view(torch):
    x = _leaf(torch, 3)
    y = x * 1
    y[1:].mul_(2)
    loss = (y * y).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    return x.grad


# --- edges, as PyTorch shows them


def _edges(make):
    def run(torch):
        x = _leaf(torch, 3)
        result = make(torch, x)
        return [result.grad_fn.name(),
                [[node.name() if node else None, number]
                 for node, number in result.grad_fn.next_functions]]
    return run


EDGES = {
    "mul_number": lambda torch, x: x * 2,
    "number_mul": lambda torch, x: 2 * x,
    "add_number": lambda torch, x: x + 2,
    "sub_number": lambda torch, x: x - 2,
    "number_sub": lambda torch, x: 2 - x,
    "div_number": lambda torch, x: x / 2,
    "div_floor_number": lambda torch, x: torch.div(x, 2, rounding_mode="floor"),
    "div_trunc_number": lambda torch, x: torch.div(x, 2, rounding_mode="trunc"),
    "pow_number": lambda torch, x: x ** 2,
    "number_pow": lambda torch, x: 2 ** x,
    "remainder_number": lambda torch, x: x % 2,
    "mul_plain": lambda torch, x: x * torch.ones(3),
    "plain_mul": lambda torch, x: torch.ones(3) * x,
    "sub_alpha": lambda torch, x: x.sub(torch.ones(3), alpha=2),
    "where_plain": lambda torch, x: torch.where(x > 1, x, torch.ones(3)),
    "where_number": lambda torch, x: torch.where(x > 1, x, 0.0),
    "cat_plain": lambda torch, x: torch.cat([torch.ones(3), x]),
    "stack_plain": lambda torch, x: torch.stack([x, torch.ones(3)]),
    "dot_plain": lambda torch, x: x @ torch.ones(3),
    "maximum_plain": lambda torch, x: torch.maximum(x, torch.ones(3)),
    "index_select": lambda torch, x: x.index_select(0, torch.tensor([0])),
    "gather": lambda torch, x: x.gather(0, torch.tensor([0])),
    "scatter": lambda torch, x: x.scatter(0, torch.tensor([0]), torch.ones(1)),
    "index_add": lambda torch, x: x.index_add(0, torch.tensor([0]), torch.ones(1)),
    "mul_number_in_place": lambda torch, x: x.clone().mul_(2),
    "add_number_in_place": lambda torch, x: x.clone().add_(2),
    "div_plain_in_place": lambda torch, x: x.clone().div_(torch.ones(3)),
    "fill_in_place": lambda torch, x: x.clone().fill_(2.0),
    "zero_in_place": lambda torch, x: x.clone().zero_(),
    "copy_plain_in_place": lambda torch, x: x.clone().copy_(torch.ones(3)),
    "view_mul_number_in_place": lambda torch, x: _changed_view(x),
    "addmm_plain": lambda torch, x: torch.addmm(torch.ones(1, 1), x[None], torch.ones(3, 1)),
    "mse_plain": lambda torch, x: torch.nn.functional.mse_loss(x, torch.ones(3)),
    "cross_entropy": lambda torch, x: torch.nn.functional.cross_entropy(x, torch.tensor(0)),
}


def _changed_view(x):
    y = x.clone()
    y[0].mul_(2)
    return y


for _name, _make in EDGES.items():
    program.add(f"edges_of_{_name}", _edges(_make))
