"""Walking graphs: nodes, edges, names, what nodes have saved."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(0.5, -1.0, 2.0)):
    return torch.tensor(values, requires_grad=True)


def _names(node):
    """The names below a node, depth first; None for an input that needs no gradient."""
    if node is None:
        return [None]
    return [node.name(), [_names(below) for below, _ in node.next_functions]]


GRAPHS = {
    "sum_of_product": lambda x, y: (x * y).sum(),
    "shared": lambda x, y: x.exp() * x,
    "plain_operand": lambda x, y: x * y.detach() + 3,
    "views": lambda x, y: x.view(3, 1).t()[0] + y[1],
    "matrix": lambda x, y: x.view(1, 3) @ y.view(3, 1),
    "reductions": lambda x, y: x.mean() + y.max(),
    "choice": lambda x, y: x.where(x > 0, y),
    "in_place": lambda x, y: x.clone().mul_(y).sub_(y),
    "softmax": lambda x, y: x.softmax(0).log(),
}


def _walk(build):
    return lambda torch: _names(build(_leaf(torch), _leaf(torch)).grad_fn)


for _name, _build in GRAPHS.items():
    program.add(f"walk_{_name}", _walk(_build))


@program
def in_place_on_a_view(torch):
    y = _leaf(torch).clone()
    y[0].mul_(torch.tensor(3.0))
    return _names(y.grad_fn)


@program
def same_node_is_the_same_object(torch):
    y = _leaf(torch).exp()
    z = y * y
    first, second = (node for node, _ in z.grad_fn.next_functions)
    return [first is second, first is y.grad_fn, z.grad_fn is z.grad_fn]


@program
def leaf_of_an_accumulator(torch):
    x = _leaf(torch)
    node = x.exp().grad_fn.next_functions[0][0]
    return [node.name(), node.variable is x or node.variable.data_ptr() == x.data_ptr()]


SAVED = {
    "mul": (lambda x, y: x * y, ("self", "other")),
    "mul_one_side": (lambda x, y: x * y.detach(), ("other",)),
    "exp": (lambda x, y: x.exp(), ("result",)),
    "tanh": (lambda x, y: x.tanh(), ("result",)),
    "log": (lambda x, y: x.exp().log(), ("self",)),
    "div": (lambda x, y: x / y, ("self", "other")),
    "pow": (lambda x, y: x ** 2, ("self",)),
    "matmul": (lambda x, y: x.view(1, 3) @ y.view(3, 1), ("self", "mat2")),
}


def _saved(build, names):
    def run(torch):
        node = build(_leaf(torch), _leaf(torch, (1.0, 2.0, 3.0))).grad_fn
        return [getattr(node, "_saved_" + name) for name in names]
    return run


for _name, (_build, _fields) in SAVED.items():
    program.add(f"saved_by_{_name}", _saved(_build, _fields))


@program
def saved_result_has_its_history(torch):
    y = _leaf(torch).exp()
    return [y.grad_fn._saved_result.grad_fn is y.grad_fn]


@program
def saved_after_backward(torch):
    y = _leaf(torch).exp()
    y.sum().backward()
    return [y.grad_fn._saved_result]


@program
def saved_after_a_change(torch):
    y = _leaf(torch).exp()
    node = y.grad_fn
    y.add_(1)
    return [node._saved_result]


@program
def saved_under_an_unknown_name(torch):
    return [hasattr(_leaf(torch).exp().grad_fn, "_saved_nothing")]
