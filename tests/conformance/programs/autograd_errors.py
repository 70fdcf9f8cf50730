"""What autograd refuses: the record keeps the exception's type and first line."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(1.0, 2.0)):
    return torch.tensor(values, requires_grad=True)


SHORT = {
    "backward_of_many": lambda t: (_leaf(t) * 2).backward(),
    "backward_of_a_leaf": lambda t: t.zeros(()).backward(),
    "backward_of_many_without_graph": lambda t: t.zeros(2).backward(),
    "backward_gradient_shape": lambda t: (_leaf(t) * 2).backward(t.ones(3)),
    "backward_gradient_rank": lambda t: (_leaf(t) * 2).sum().backward(t.ones(1)),
    "backward_gradient_type": lambda t: (_leaf(t) * 2).backward("a"),
    "integer_requires_grad": lambda t: t.tensor([1, 2], requires_grad=True),
    "integer_zeros_requires_grad": lambda t: t.zeros(2, dtype=t.int64, requires_grad=True),
    "bool_requires_grad": lambda t: t.tensor([True]).requires_grad_(),
    "in_place_on_a_leaf": lambda t: _leaf(t).add_(1),
    "fill_of_a_leaf": lambda t: _leaf(t).zero_(),
    "copy_to_a_leaf": lambda t: _leaf(t).copy_(t.zeros(2)),
    "in_place_on_a_view_of_a_leaf": lambda t: _leaf(t)[0].add_(1),
    "in_place_on_view_of_leaf_view": lambda t: _leaf(t).view(2, 1).t().mul_(2),
    "assignment_to_a_leaf": lambda t: _leaf(t).__setitem__(0, 1.0),
    "out_is_a_leaf": lambda t: t.add(t.ones(2), 1, out=_leaf(t)),
    "out_with_inputs_that_require_grad": lambda t: t.mul(_leaf(t), 2, out=t.empty(2)),
    "out_requires_grad_reduction": lambda t: t.sum(_leaf(t), 0, out=t.empty(())),
    "grad_of_unused": lambda t: t.autograd.grad(_leaf(t).sum(), _leaf(t)),
    "grad_of_many": lambda t: (lambda x: t.autograd.grad(x * 2, x))(_leaf(t)),
    "grad_of_plain_input": lambda t: t.autograd.grad(_leaf(t).sum(), t.zeros(1)),
    "grad_of_plain_output": lambda t: t.autograd.grad(t.zeros(()), _leaf(t)),
    "grad_of_nothing": lambda t: t.autograd.grad(_leaf(t).sum(), []),
    "numpy_requires_grad": lambda t: _leaf(t).numpy(),
    "retain_grad_of_plain": lambda t: t.zeros(1).retain_grad(),
    "requires_grad_off_for_intermediate": lambda t: (_leaf(t) * 2).requires_grad_(False),
    "detach_of_a_view_in_place": lambda t: (_leaf(t) * 2)[0].detach_(),
}

for _name, _function in SHORT.items():
    program.add(_name, _function)


@program
def backward_twice(torch):
    y = (_leaf(torch) ** 2).sum()
    y.backward()
    y.backward()


@program
def backward_twice_through_a_shared_part(torch):
    shared = _leaf(torch).exp()
    shared.sum().backward()
    (shared * 2).sum().backward()


@program
def grad_after_backward(torch):
    x = _leaf(torch)
    y = torch.sigmoid(x).sum()
    y.backward()
    torch.autograd.grad(y, x)


@program
def backward_twice_without_saved(torch):
    x = _leaf(torch)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return [x.grad]


@program
def saved_input_changed(torch):
    x = _leaf(torch)
    y = x * 1
    z = y ** 2
    y.add_(1)
    z.sum().backward()


@program
def saved_result_changed(torch):
    y = _leaf(torch).exp()
    y.mul_(2)
    y.sum().backward()


@program
def saved_factor_changed(torch):
    x, factor = _leaf(torch), torch.tensor([1.0, 2.0])
    y = x * factor
    factor.zero_()
    y.sum().backward()


@program
def saved_value_changed_through_a_view(torch):
    x = _leaf(torch)
    y = x * 1
    z = y.sigmoid()
    z[0] = 3
    z.sum().backward()


@program
def saved_leaf_changed_under_no_grad(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    with torch.no_grad():
        x.add_(1)
    y.backward()


@program
def saved_matrix_changed(torch):
    x = torch.ones(2, 2, requires_grad=True)
    w = torch.ones(2, 2)
    y = x @ w
    w.add_(1)
    y.sum().backward()


@program
def saved_index_changed(torch):
    x, index = _leaf(torch), torch.tensor([0, 1])
    y = x.index_select(0, index)
    index.fill_(0)
    y.sum().backward()


@program
def gradient_of_another_shape_assigned(torch):
    x = _leaf(torch)
    x.grad = torch.ones(3)


@program
def gradient_of_another_dtype_assigned(torch):
    x = _leaf(torch)
    x.grad = torch.ones(2, dtype=torch.float64)


@program
def gradient_that_is_no_tensor_assigned(torch):
    x = _leaf(torch)
    x.grad = 1.0


@program
def requires_grad_assigned_to_integers(torch):
    x = torch.tensor([1])
    x.requires_grad = True


@program
def requires_grad_assigned_to_an_intermediate(torch):
    x = _leaf(torch) * 2
    x.requires_grad = False


@program
def view_made_under_no_grad_changed(torch):
    x = _leaf(torch) * 1
    with torch.no_grad():
        view = x[0]
    view.mul_(2)


@program
def leaf_view_made_under_no_grad_changed(torch):
    x = _leaf(torch)
    with torch.no_grad():
        view = x[0]
    view.mul_(2)
    return [x, view.requires_grad]


@program
def failed_backward_changes_no_gradient(torch):
    x = _leaf(torch)
    y = x * x
    try:
        y.backward(torch.ones(3))
    except RuntimeError:
        pass
    before = x.grad is None
    y.sum().backward()
    return [before, x.grad]
