"""In-place operations under autograd: on intermediates, on views, versions, rebased history."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values):
    return torch.tensor(values, dtype=torch.float32, requires_grad=True)


@program
def on_an_intermediate(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    y.add_(1)
    y.mul_(3)
    name = y.grad_fn.name()
    y.sum().backward()
    return [y, x.grad, name]


@program
def saves_its_result(torch):
    x = _leaf(torch, [0.5, 2.0])
    y = x * 1
    y.exp_()
    y.sum().backward()
    return [y, x.grad, y.grad_fn.name()]


@program
def on_a_view_changes_the_base(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    y = x * 2
    view = y[1:]
    view.mul_(10)
    names = [y.grad_fn.name(), view.grad_fn.name()]
    y.sum().backward()
    return [y, view, x.grad, names]


@program
def on_the_base_changes_the_view(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    y = x * 2
    view = y[1:]
    y.mul_(10)
    name = view.grad_fn.name()
    view.sum().backward()
    return [view, x.grad, name]


@program
def view_of_a_view(torch):
    x = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]])
    y = x * 1
    inner = y.t()[0].unsqueeze(0)
    inner.mul_(5)
    y.pow(2).sum().backward()
    return [y, inner, x.grad]


@program
def two_views_overlap(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    y = x * 1
    left, right = y[:2], y[1:]
    left.mul_(2)
    right.mul_(3)
    (left.sum() + 2 * right.sum()).backward()
    return [y, left, right, x.grad]


@program
def other_history_enters_by_copy(torch):
    x, z = _leaf(torch, [1.0, 2.0, 3.0]), _leaf(torch, [7.0])
    y = x * 1
    y[1:2].copy_(z)
    y.pow(2).sum().backward()
    return [y, x.grad, z.grad, y.grad_fn.name()]


@program
def assignment_by_index(torch):
    x, z = _leaf(torch, [1.0, 2.0, 3.0]), _leaf(torch, 7.0)
    y = x * 1
    y[0] = z * 2
    y[2] = 5.0
    y.pow(2).sum().backward()
    return [y, x.grad, z.grad]


@program
def history_enters_a_plain_buffer(torch):
    x = _leaf(torch, [1.0, 2.0])
    buffer = torch.zeros(4)
    buffer[1:3] = x * 3
    buffer.pow(2).sum().backward()
    return [buffer, x.grad, buffer.requires_grad, buffer.grad_fn.name()]


@program
def history_enters_an_old_view(torch):
    x = _leaf(torch, [1.0, 2.0])
    buffer = torch.zeros(4)
    view = buffer[1:3]
    buffer[1:3] = x
    name = view.grad_fn.name()
    view.pow(2).sum().backward()
    return [view, x.grad, view.requires_grad, name]


@program
def zero_cuts_the_history(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    y.zero_()
    name = y.grad_fn.name()
    y.sum().backward()
    return [y, x.grad, y.requires_grad, name]


@program
def fill_of_a_view(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    y = x * 2
    y[:2].fill_(9)
    y.sum().backward()
    return [y, x.grad]


@program
def relu_in_place(torch):
    x = _leaf(torch, [-1.0, 2.0])
    y = (x * 2).relu_()
    y.sum().backward()
    return [y, x.grad]


@program
def versions_count_changes(torch):
    x = torch.zeros(3)
    versions = [x._version]
    x.add_(1)
    versions.append(x._version)
    x[0].mul_(2)
    versions.append(x._version)
    view = x.view(3)
    view.zero_()
    versions += [x._version, view._version, x.detach()._version, x.clone()._version]
    x + 1
    versions.append(x._version)
    torch.add(x, 1, out=x)
    versions.append(x._version)
    return versions


@program
def leaf_changes_under_no_grad(torch):
    x = _leaf(torch, [1.0, 2.0])
    with torch.no_grad():
        x.add_(1)
        x[0] = 9
        x *= 2
    (x * x).sum().backward()
    return [x, x.grad, x.is_leaf]


@program
def change_of_a_value_that_was_not_saved(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    z = y + 1
    y.mul_(5)
    (z + y).sum().backward()
    return [z, y, x.grad]


@program
def augmented_assignment(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 1
    alias = y
    y += 1
    y -= x
    y *= 3
    y /= 2
    y **= 2
    y.sum().backward()
    return [y, x.grad, alias is y]


@program
def in_place_returns_self(torch):
    x = torch.zeros(2)
    return [x.add_(1) is x, x.zero_() is x, x.copy_(torch.ones(2)) is x]


@program
def transposed_in_place(torch):
    x = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]])
    y = x * 1
    y.t_()
    (y * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    return [y, x.grad, list(y.stride())]


@program
def expanded_value_in_place(torch):
    x, z = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]]), _leaf(torch, [10.0, 20.0])
    y = x * 1
    y.mul_(z)
    y.sum().backward()
    return [y, x.grad, z.grad]


@program
def in_place_twice_differentiable(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * x
    y[0].mul_(x[1])
    first, = torch.autograd.grad(y.sum(), x, create_graph=True)
    second, = torch.autograd.grad(first.pow(2).sum(), x)
    return [y, first, second]


@program
def detached_view_shares_the_version(torch):
    x = torch.zeros(2)
    y = x.detach()
    y.add_(1)
    return [x, x._version, y._version]


@program
def told_of_a_change(torch):
    """Of elements that something else has written."""
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    torch.autograd.graph.increment_version(y)
    torch.autograd.graph.increment_version([x, y.view(2, 1)])
    with torch.inference_mode():
        torch.autograd.graph.increment_version(torch.ones(1))
    return [x._version, y._version]


@program
def told_of_a_change_of_what_is_saved(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    z = y * y
    torch.autograd.graph.increment_version(y)
    z.sum().backward()


@program
def out_of_an_operation(torch):
    x, y = torch.tensor([1.0, 2.0]), torch.empty(2)
    result = torch.mul(x, 3, out=y)
    return [y, result is y]
