"""Derivatives of derivatives: create_graph through every formula."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values, dtype="float32"):
    return torch.tensor(values, dtype=getattr(torch, dtype), requires_grad=True)


@program
def second_derivative(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    first, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)
    second, = torch.autograd.grad(first.sum(), x)
    return [first, second, first.requires_grad]


@program
def third_derivative(torch):
    x = _leaf(torch, [0.5, 2.0], "float64")
    y = (x ** 4).sum()
    results = []
    for _ in range(3):
        y, = torch.autograd.grad(y.sum(), x, create_graph=True)
        results.append(y)
    return results


def _second_of(name, values):
    """The second derivative of a pointwise function, through create_graph."""
    def run(torch):
        x = _leaf(torch, values, "float64")
        function = getattr(torch, name)
        first, = torch.autograd.grad(function(x).sum(), x, create_graph=True)
        second, = torch.autograd.grad((first * first).sum(), x)
        return [first, second]
    return run


for _name in ("exp", "tanh", "sigmoid", "sqrt", "log", "relu"):
    program.add(f"second_of_{_name}", _second_of(_name, [0.5, 1.0, 2.5]))


@program
def second_of_abs(torch):
    x = _leaf(torch, [-0.5, 0.0, 2.5], "float64")
    first, = torch.autograd.grad((x * x.abs()).sum(), x, create_graph=True)
    second, = torch.autograd.grad((first * first).sum(), x)
    return [first, second]


@program
def second_of_products(torch):
    a, b = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]]), _leaf(torch, [[0.5, -1.0], [2.0, 1.0]])
    y = ((a @ b) ** 2).sum()
    first = torch.autograd.grad(y, [a, b], create_graph=True)
    second = torch.autograd.grad(first[0].sum() + (first[1] ** 2).sum(), [a, b])
    return [*first, *second]


@program
def second_of_division(torch):
    a, b = _leaf(torch, [1.0, 2.0], "float64"), _leaf(torch, [4.0, 0.5], "float64")
    first = torch.autograd.grad((a / b).sum(), [a, b], create_graph=True)
    return [*first, *torch.autograd.grad((first[0] * first[1]).sum(), [a, b])]


@program
def second_of_softmax(torch):
    x = _leaf(torch, [[0.5, 1.0, -1.0], [2.0, 0.0, 1.0]], "float64")
    y = torch.softmax(x, 1)
    first, = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    return [first, *torch.autograd.grad((first ** 2).sum(), x)]


@program
def second_of_log_softmax(torch):
    x = _leaf(torch, [[0.5, 1.0, -1.0], [2.0, 0.0, 1.0]], "float64")
    y = torch.log_softmax(x, 1)
    first, = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    return [first, *torch.autograd.grad((first ** 2).sum(), x)]


@program
def second_of_cross_entropy(torch):
    x = _leaf(torch, [[0.5, 1.0, -1.0], [2.0, 0.0, 1.0]], "float64")
    loss = torch.nn.functional.cross_entropy(x, torch.tensor([2, 0]))
    first, = torch.autograd.grad(loss, x, create_graph=True)
    return [loss, first, *torch.autograd.grad((first ** 2).sum(), x)]


@program
def second_of_mse_loss(torch):
    x, y = _leaf(torch, [1.0, 2.0]), _leaf(torch, [0.5, 4.0])
    loss = torch.nn.functional.mse_loss(x * x, y)
    first = torch.autograd.grad(loss, [x, y], create_graph=True)
    return [*first, *torch.autograd.grad(first[0].sum() + first[1].sum(), [x, y])]


@program
def second_of_pow_tensors(torch):
    a, b = _leaf(torch, [1.5, 2.0], "float64"), _leaf(torch, [3.0, 0.5], "float64")
    first = torch.autograd.grad((a ** b).sum(), [a, b], create_graph=True)
    return [*first, *torch.autograd.grad((first[0] * first[1]).sum(), [a, b])]


@program
def second_of_gather_and_views(torch):
    x = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]])
    y = x.t().gather(0, torch.tensor([[0, 1], [1, 1]])) ** 3
    first, = torch.autograd.grad(y[0].sum() + y.narrow(1, 0, 1).sum(), x, create_graph=True)
    return [first, *torch.autograd.grad((first ** 2).sum(), x)]


@program
def backward_with_create_graph(torch):
    x = _leaf(torch, [2.0])
    (x ** 3).sum().backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.sum().backward()
    return [first, x.grad, first.grad_fn is not None]


@program
def gradient_penalty(torch):
    w, x = _leaf(torch, [[0.5, -1.0], [1.5, 2.0]]), _leaf(torch, [1.0, 2.0])
    y = torch.tanh(w @ x).sum()
    g, = torch.autograd.grad(y, x, create_graph=True)
    ((g ** 2).sum() - 1).pow(2).backward()
    return [g, w.grad, x.grad]
