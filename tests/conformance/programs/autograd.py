"""Backward: accumulation, repeated calls, grad() over many inputs, leaf rules, no_grad, names."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values, dtype="float32"):
    return torch.tensor(values, dtype=getattr(torch, dtype), requires_grad=True)


@program
def one_backward(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    (x * x).sum().backward()
    return [x.grad]


@program
def seed_program(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    z = y * y * 3
    out = z.mean()
    out.backward()
    return [y, z, out, x.grad, y.grad_fn.name(), z.grad_fn.name(), out.grad_fn.name()]


@program
def two_backwards_add_up(torch):
    x = _leaf(torch, [1.0, 2.0])
    for _ in range(2):
        (x ** 2).sum().backward()
    return [x.grad]


@program
def retain_graph_adds_up(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = (x ** 3).sum()
    y.backward(retain_graph=True)
    first = x.grad.clone()
    y.backward()
    return [first, x.grad]


@program
def zeroed_gradient(torch):
    x = _leaf(torch, [1.0, 2.0])
    (x * 2).sum().backward()
    x.grad.zero_()
    (x * 5).sum().backward()
    return [x.grad]


@program
def gradient_set_to_none(torch):
    x = _leaf(torch, [1.0, 2.0])
    (x * 2).sum().backward()
    x.grad = None
    before = x.grad is None
    (x * 5).sum().backward()
    return [before, x.grad]


@program
def vector_jacobian(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    y = x * 2
    y.backward(torch.tensor([0.1, 1.0, 0.0001]))
    return [x.grad]


@program
def vector_jacobian_keyword(torch):
    x = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]])
    y = x @ x
    y.backward(gradient=torch.tensor([[1.0, 0.0], [2.0, -1.0]]))
    return [x.grad]


@program
def grad_of_several_inputs(torch):
    a, b, c = _leaf(torch, [1.0, 2.0]), _leaf(torch, [3.0, 4.0]), _leaf(torch, 2.0)
    return list(torch.autograd.grad((a * b * c).sum(), [a, b, c])) + [a.grad is None]


@program
def grad_of_several_outputs(torch):
    x = _leaf(torch, [1.0, 2.0])
    outputs, seeds = [x * 2, x ** 2], [torch.ones(2), torch.tensor([1.0, -1.0])]
    return list(torch.autograd.grad(outputs, [x], grad_outputs=seeds))


@program
def grad_of_intermediate(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 3
    return list(torch.autograd.grad((y ** 2).sum(), [y, x]))


@program
def grad_allow_unused(torch):
    x, unused = _leaf(torch, [1.0]), _leaf(torch, [1.0])
    found = torch.autograd.grad(x.sum(), [x, unused], allow_unused=True)
    return [found[0], found[1] is None]


@program
def grad_leaves_no_grad_behind(torch):
    x = _leaf(torch, [1.0, 2.0])
    torch.autograd.grad((x * 2).sum(), x)
    return [x.grad is None]


@program
def backward_with_inputs(torch):
    a, b = _leaf(torch, [1.0]), _leaf(torch, [2.0])
    (a * b).sum().backward(inputs=[a])
    return [a.grad, b.grad is None]


@program
def retain_grad_of_intermediate(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    return [y.grad, x.grad, y.is_leaf, x.is_leaf]


@program
def no_grad_cuts(torch):
    x = _leaf(torch, [1.0, 2.0])
    with torch.no_grad():
        y = x * 2
    return [y, y.requires_grad, y.grad_fn is None, y.is_leaf]


@program
def enable_grad_inside_no_grad(torch):
    x = _leaf(torch, [1.0, 2.0])
    with torch.no_grad():
        with torch.enable_grad():
            y = x * 2
        z = x * 2
    return [y.requires_grad, z.requires_grad, torch.is_grad_enabled()]


@program
def no_grad_as_decorator(torch):
    x = _leaf(torch, [1.0])

    @torch.no_grad()
    def double(value):
        return value * 2

    return [double(x).requires_grad, (x * 2).requires_grad]


@program
def no_grad_leaves_after_an_error(torch):
    try:
        with torch.no_grad():
            raise KeyError("inside")
    except KeyError:
        pass
    return [torch.is_grad_enabled()]


@program
def set_grad_enabled(torch):
    x = _leaf(torch, [1.0])
    with torch.set_grad_enabled(False):
        y = x * 2
    return [y.requires_grad, torch.is_grad_enabled()]


@program
def detach_cuts(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = (x * 2).detach()
    (x * y).sum().backward()
    return [x.grad, y.requires_grad, y.grad_fn is None]


@program
def detach_shares_memory(torch):
    x = _leaf(torch, [1.0, 2.0])
    x.detach()[0] = 5.0
    return [x.detach()]


@program
def detach_in_place(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * 2
    y.detach_()
    return [y.requires_grad, y.is_leaf, y]


@program
def requires_grad_spreads(torch):
    x, y = _leaf(torch, [1.0]), torch.tensor([2.0])
    return [(x + y).requires_grad, (y + y).requires_grad, (x > y).requires_grad,
            x.argmax().requires_grad, (x + y).is_leaf, (y + y).is_leaf]


@program
def requires_grad_later(torch):
    x = torch.tensor([1.0, 2.0])
    before = x.requires_grad
    x.requires_grad_()
    (x * 3).sum().backward()
    x.requires_grad_(False)
    return [before, x.grad, x.requires_grad]


@program
def requires_grad_assigned(torch):
    x = torch.zeros(2)
    x.requires_grad = True
    return [x.requires_grad, (x * 2).requires_grad]


@program
def shared_subexpression(torch):
    x = _leaf(torch, [1.0, 2.0])
    y = x * x
    z = y + y * y + x
    z.sum().backward()
    return [x.grad]


@program
def diamond_of_many_paths(torch):
    x = _leaf(torch, [1.0])
    y = x
    for _ in range(10):
        y = y + y
    y.sum().backward()
    return [x.grad]


@program
def long_chain(torch):
    x = _leaf(torch, [1.0])
    y = x
    for _ in range(3000):
        y = y + 1
    y.sum().backward()
    return [y, x.grad]


@program
def broadcast_reduces_the_gradient(torch):
    a, b, c = _leaf(torch, [[1.0], [2.0]]), _leaf(torch, [1.0, 2.0, 3.0]), _leaf(torch, 2.0)
    (a * b + c).sum().backward()
    return [a.grad, b.grad, c.grad]


@program
def mixed_dtypes(torch):
    a, b = _leaf(torch, [1.0, 2.0]), _leaf(torch, [3.0, 4.0], "float64")
    c = torch.tensor([1, 2])
    y = a * b + c
    y.sum().backward()
    return [y, a.grad, b.grad]


@program
def through_a_dtype_change(torch):
    x = _leaf(torch, [1.5, 2.0])
    y = x.to(torch.float64) ** 2
    y.sum().backward()
    return [y, x.grad, y.grad_fn.name()]


@program
def half_precision_leaf(torch):
    x = _leaf(torch, [1.5, 2.0], "bfloat16")
    (x.to(torch.float32) * 3).sum().backward()
    return [x.grad]


@program
def expanded_leaf(torch):
    x = _leaf(torch, [1.0, 2.0])
    (x.expand(3, 2) * torch.tensor([[1.0], [2.0], [3.0]])).sum().backward()
    return [x.grad]


@program
def view_chain(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    y = x.view(2, 3).t()[1:].reshape(-1).unsqueeze(0).squeeze()
    (y * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    return [y, x.grad]


@program
def indexed_twice(torch):
    x = _leaf(torch, [1.0, 2.0, 3.0])
    (x[0] * x[1] + x[1:].sum()).backward()
    return [x.grad]


@program
def index_select_repeats(torch):
    x = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]])
    x.index_select(0, torch.tensor([1, 1, 0, 1])).sum().backward()
    return [x.grad]


@program
def max_shares_among_equals(torch):
    x, y = _leaf(torch, [1.0, 3.0, 3.0]), _leaf(torch, [[2.0, 2.0], [1.0, 2.0]])
    x.max().backward()
    y.amax(1).sum().backward()
    z = _leaf(torch, [[2.0, 2.0], [1.0, 2.0]])
    z.max(1).values.sum().backward()
    return [x.grad, y.grad, z.grad]


@program
def maximum_of_equals(torch):
    a, b = _leaf(torch, [1.0, 2.0, 3.0]), _leaf(torch, [1.0, 3.0, 2.0])
    torch.maximum(a, b).sum().backward()
    return [a.grad, b.grad]


@program
def kinks(torch):
    results = []
    for name in ("abs", "relu", "sqrt"):
        x = _leaf(torch, [0.0, 4.0])
        getattr(torch, name)(x).sum().backward()
        results.append(x.grad)
    x = _leaf(torch, [0.0, 1.0])
    (x ** 0).sum().backward()
    return [*results, x.grad]


@program
def where_selects_the_gradient(torch):
    x, y = _leaf(torch, [-1.0, 2.0]), _leaf(torch, [5.0, 6.0])
    torch.where(x > 0, x * 2, y).sum().backward()
    return [x.grad, y.grad]


@program
def cat_and_stack(torch):
    x, y = _leaf(torch, [1.0, 2.0]), _leaf(torch, [3.0])
    z = torch.cat([x, y, x])
    (z * z).sum().backward()
    torch.stack([x, x * 2], 1).sum().backward()
    return [x.grad, y.grad]


@program
def zero_size(torch):
    x = torch.zeros(0, 3, requires_grad=True)
    (x * 2).sum().backward()
    return [x.grad]


@program
def training_steps(torch):
    w, b = _leaf(torch, [[0.5], [-0.25]]), _leaf(torch, [0.0])
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    y = torch.tensor([[1.0], [2.0], [0.0]])
    losses = []
    for _ in range(5):
        loss = ((x @ w + b - y) ** 2).mean()
        loss.backward()
        losses.append(loss.detach())
        with torch.no_grad():
            for parameter in (w, b):
                parameter -= 0.1 * parameter.grad
                parameter.grad.zero_()
    return [*losses, w, b, w.is_leaf, w.requires_grad]


@program
def training_a_classifier(torch):
    w1 = _leaf(torch, [[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    w2 = _leaf(torch, [[0.2, -0.1], [0.3, 0.1], [-0.5, 0.4]])
    x, target = torch.tensor([[1.0, 2.0], [-1.0, 0.5]]), torch.tensor([1, 0])
    losses = []
    for _ in range(4):
        loss = torch.nn.functional.cross_entropy(torch.relu(x @ w1) @ w2, target)
        grads = torch.autograd.grad(loss, [w1, w2])
        losses.append(loss.detach())
        with torch.no_grad():
            w1.sub_(grads[0], alpha=0.5)
            w2.sub_(grads[1], alpha=0.5)
    return [*losses, w1, w2]


@program
def graph_names(torch):
    x = _leaf(torch, [[1.0, 2.0], [3.0, 4.0]])
    results = [x + 1, 1 - x, x - 1, x * 2, x / 2, 2 / x, x ** 2, 2 ** x, -x, abs(x), x @ x,
               x.t(), x[0], x[:1], x[None], x.sum(), x.sum(0), x.mean(), x.mean(0), x.max(),
               x.max(0)[0], x.amax(0), x.clone(), x.reshape(4), x.t().reshape(4), x.flatten(),
               x.squeeze(), x.squeeze(0), x.unsqueeze(0), x.expand(1, 2, 2), x.select(0, 1),
               x.narrow(0, 0, 1), x.permute(1, 0), x.transpose(0, 1), x.contiguous() * 1,
               x.t().contiguous(), x.softmax(0), x.log_softmax(0), x.exp(), x.log(), x.sqrt(),
               x.tanh(), x.sigmoid(), x.relu(), torch.cat([x, x]), torch.stack([x, x]),
               torch.maximum(x, x), torch.where(x > 1, x, x), x.double(),
               torch.nn.functional.mse_loss(x, x), x.index_select(0, torch.tensor([0])),
               x.gather(0, torch.tensor([[0, 1]]))]
    return [result.grad_fn.name() for result in results]


@program
def grad_fn_of_leaves(torch):
    x = _leaf(torch, [1.0])
    return [x.grad_fn is None, torch.ones(1).grad_fn is None, x.detach().grad_fn is None]


@program
def graph_is_walkable(torch):
    x, y = _leaf(torch, [1.0]), _leaf(torch, [2.0])
    node = (x * y + x).grad_fn
    names = [node.name()]
    for edge, _ in node.next_functions:
        names += [edge.name(), *[inner.name() for inner, _ in edge.next_functions]]
    return names


@program
def gradient_layout_is_the_leaf_s(torch):
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).t().requires_grad_()
    (x * 2).sum().backward()
    return [x.grad, list(x.grad.stride())]
