"""`.data`: the elements of a tensor apart from its place in the graph."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch):
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


@program
def getter(torch):
    x = _leaf(torch)
    data = x.data
    return [data, data.requires_grad, data.is_leaf, data._is_view(), data._version,
            data.data_ptr() == x.data_ptr()]


@program
def getter_of_a_result(torch):
    y = _leaf(torch) * 2
    data = y.data
    return [data, data.grad_fn, data.requires_grad]


@program
def has_a_version_of_its_own(torch):
    x = _leaf(torch)
    data = x.data
    data.add_(1)
    return [x, x._version, data._version, x.data._version]


@program
def detach_shares_the_version(torch):
    x = _leaf(torch)
    x.detach().add_(1)
    return [x, x._version, x.detach()._version]


@program
def changed_after_it_was_saved(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    x.data.mul_(10)
    y.backward()
    return x.grad


@program
def swapped_after_it_was_saved(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    x.data = torch.ones(3) * 7
    y.backward()
    return x.grad


@program
def shares_the_memory(torch):
    x, y = _leaf(torch), torch.ones(3)
    x.data = y
    y.add_(1)
    return [x, x._version, y._version, x.data_ptr() == y.data_ptr(), x.is_leaf]


@program
def keeps_the_version(torch):
    x, y = _leaf(torch), torch.ones(3)
    with torch.no_grad():
        x.add_(1)
    y.add_(1).add_(1)
    x.data = y
    with torch.no_grad():
        x.add_(1)
    return [x, x._version, y, y._version]


@program
def another_shape(torch):
    x = _leaf(torch)
    x.data = torch.ones(2, 2)
    (x * x).sum().backward()
    return [x, x.grad, x.shape == torch.Size([2, 2])]


@program
def another_layout(torch):
    x, y = _leaf(torch), torch.arange(6.0).reshape(2, 3).t()
    x.data = y
    y.fill_(4)
    (x * 2).sum().backward()
    return [x, list(x.stride()), x.grad]


@program
def a_part_of_another(torch):
    x, y = _leaf(torch), torch.arange(6.0)
    x.data = y[2:4]
    y.mul_(2)
    return [x, x.storage_offset(), x._is_view()]


@program
def another_dtype(torch):
    x = _leaf(torch)
    old = (x * 2).sum()
    x.data = torch.ones(3, dtype=torch.float64)
    (x * 3).sum().backward()
    return [x, x.grad, old]


@program
def integers_where_grad_is_required(torch):
    x = _leaf(torch)
    x.data = torch.ones(3, dtype=torch.int64)


@program
def integers(torch):
    x = torch.ones(3)
    x.data = torch.ones(2, dtype=torch.int64)
    return x


@program
def another_shape_in_an_older_graph(torch):
    x = _leaf(torch)
    y = (x * 2).sum()
    x.data = torch.ones(2)
    y.backward()
    return x.grad


@program
def another_shape_while_an_older_graph_lives(torch):
    x = _leaf(torch)
    older = (x * 2).sum()
    x.data = torch.ones(2)
    (x * 3).sum().backward()
    return older


@program
def the_grad_stays(torch):
    x = _leaf(torch)
    x.sum().backward()
    x.data = torch.ones(2)
    return x.grad


@program
def the_grad_of_another_shape(torch):
    x = _leaf(torch)
    x.sum().backward()
    x.data = torch.ones(2)
    x.sum().backward()


@program
def of_a_result(torch):
    y = _leaf(torch) * 2
    y.data = torch.ones(3)
    return [y, y.grad_fn.name()]


@program
def of_a_result_another_shape(torch):
    y = _leaf(torch) * 2
    y.data = torch.ones(4)
    y.sum().backward()


@program
def of_a_view(torch):
    x = _leaf(torch)
    view = x[0:2]
    view.data = torch.ones(4)
    return [view, view._is_view(), x]


@program
def of_itself(torch):
    x = _leaf(torch)
    x.data = x
    return [x, x._version]


@program
def hooks_stay(torch):
    x = _leaf(torch)
    x.register_hook(lambda grad: grad * 2)
    x.data = torch.ones(2)
    x.sum().backward()
    return x.grad


@program
def what_was_detached_before(torch):
    x = _leaf(torch)
    before = x.detach()
    x.data = torch.zeros(3)
    return [x, before]


@program
def added_in_place(torch):
    x = _leaf(torch)
    x.data += 1
    return [x, x._version]


@program
def set_by_index(torch):
    x = _leaf(torch)
    x.data[0] = 9
    return [x, x._version]


@program
def a_step_of_sgd(torch):
    w = _leaf(torch)
    for _ in range(3):
        w.grad = None
        (w * w).sum().backward()
        w.data -= 0.25 * w.grad
    return [w, w._version]


@program
def a_number(torch):
    _leaf(torch).data = 5


@program
def nothing(torch):
    _leaf(torch).data = None


@program
def deleted(torch):
    x = _leaf(torch)
    del x.data
