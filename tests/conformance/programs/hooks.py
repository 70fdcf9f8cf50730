"""Hooks of tensors and nodes: when they run, what they see, and what they may replace."""

from programs.registry import Programs

PROGRAMS = program = Programs()

# name -> a differentiable function of a [2, 2] tensor
FUNCTIONS = {
    "mul": lambda torch, x: x * x,
    "add": lambda torch, x: x + x.exp(),
    "sub": lambda torch, x: x - x.t(),
    "exp": lambda torch, x: x.exp(),
    "tanh": lambda torch, x: x.tanh(),
    "matmul": lambda torch, x: x @ x,
    "view": lambda torch, x: x.view(4),
    "select": lambda torch, x: x.select(0, 1),
    "transpose": lambda torch, x: x.transpose(0, 1),
    "sum": lambda torch, x: x.sum(),
    "mean_dim": lambda torch, x: x.mean(1),
    "cat": lambda torch, x: torch.cat([x, x * 2]),
    "softmax": lambda torch, x: x.softmax(1),
    "expand": lambda torch, x: x.view(2, 2, 1).expand(2, 2, 3),
    "max_dim": lambda torch, x: x.max(1)[0],
}


def _leaf(torch, values=((1.0, 2.0), (3.0, 5.0))):
    return torch.tensor(values, requires_grad=True)


def _hook_of_the_result(function):
    def run(torch):
        x, seen = _leaf(torch), []
        y = function(torch, x)

        def hook(grad):
            seen.append(grad.clone())
            return grad * 3

        y.register_hook(hook)
        (y * y).sum().backward()
        return [seen, x.grad]

    return run


def _hook_of_the_leaf(function):
    def run(torch):
        x, seen = _leaf(torch), []
        x.register_hook(lambda grad: seen.append(grad.clone()))
        x.register_hook(lambda grad: -grad)
        x.register_hook(lambda grad: seen.append(grad.clone()))
        (function(torch, x) * 2).sum().backward()
        return [seen, x.grad]

    return run


def _retained(function):
    def run(torch):
        x = _leaf(torch)
        y = function(torch, x)
        y.retain_grad()
        y.register_hook(lambda grad: grad + 1)
        (y * y).sum().backward()
        return [y.grad, x.grad, y.retains_grad, x.retains_grad]

    return run


def _prehook(function):
    def run(torch):
        x, seen = _leaf(torch), []
        y = function(torch, x)

        def hook(grads):
            seen.append(len(grads))
            seen.extend(grads)
            return tuple(None if item is None else item * 2 for item in grads)

        y.grad_fn.register_prehook(hook)
        y.sum().backward()
        return [seen, x.grad]

    return run


def _posthook(function):
    def run(torch):
        x, seen = _leaf(torch), []
        y = function(torch, x)
        y.grad_fn.register_hook(lambda inputs, outputs: seen.append([inputs[0], *outputs]))
        y.sum().backward()
        return [seen, x.grad]

    return run


def _post_accumulate(function):
    def run(torch):
        x, seen = _leaf(torch), []
        x.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf.grad.clone()))
        function(torch, x).sum().backward()
        function(torch, x).sum().backward()
        return [seen, x.grad]

    return run


def _grad_of_the_result(function):
    def run(torch):
        x = _leaf(torch)
        y = function(torch, x)
        y.register_hook(lambda grad: grad * 10)
        z = (y * y).sum()
        only = torch.autograd.grad(z, y, retain_graph=True)
        both = torch.autograd.grad(z, [y, x])
        return [only, both]

    return run


for _name, _function in FUNCTIONS.items():
    program.add(f"hook_of_{_name}", _hook_of_the_result(_function))
    program.add(f"hook_of_the_leaf_of_{_name}", _hook_of_the_leaf(_function))
    program.add(f"retained_{_name}", _retained(_function))
    program.add(f"prehook_of_{_name}", _prehook(_function))
    program.add(f"posthook_of_{_name}", _posthook(_function))
    program.add(f"post_accumulate_hook_of_the_leaf_of_{_name}", _post_accumulate(_function))
    program.add(f"grad_of_{_name}_with_a_hook", _grad_of_the_result(_function))


def _returns(what):
    def run(torch):
        x = _leaf(torch)
        x.register_hook(lambda grad: what(torch, grad))
        (x * 2).sum().backward()
        return [x.grad]

    return run


for _name, _what in {
    "nothing": lambda torch, grad: None,
    "a_string": lambda torch, grad: "a",
    "a_number": lambda torch, grad: 3,
    "another_shape": lambda torch, grad: grad.sum(),
    "another_dtype": lambda torch, grad: grad.double(),
    "half": lambda torch, grad: grad.half(),
    "a_view": lambda torch, grad: grad.t(),
    "zeros": lambda torch, grad: torch.zeros_like(grad),
}.items():
    program.add(f"hook_that_returns_{_name}", _returns(_what))


def _node_returns(register, what):
    def run(torch):
        x = _leaf(torch)
        y = x * x
        getattr(y.grad_fn, register)(lambda *grads: what(torch, grads[0]))
        y.sum().backward()
        return [x.grad]

    return run


for _register in ("register_hook", "register_prehook"):
    for _name, _what in {
        "nothing": lambda torch, grads: None,
        "a_tensor": lambda torch, grads: grads[0],
        "too_few": lambda torch, grads: grads[:-1],
        "too_many": lambda torch, grads: (*grads, None),
        "none": lambda torch, grads: (None,) * len(grads),
        "twice": lambda torch, grads: tuple(item * 2 for item in grads),
        "another_shape": lambda torch, grads: tuple(item.sum() for item in grads),
        "a_list": lambda torch, grads: list(grads),
    }.items():
        program.add(f"{_register}_that_returns_{_name}", _node_returns(_register, _what))


@program
def order_of_all_kinds(torch):
    x, log = _leaf(torch), []
    y = x * x
    y.grad_fn.register_hook(lambda inputs, outputs: log.append("post"))
    y.grad_fn.register_prehook(lambda outputs: log.append("pre"))
    y.retain_grad()
    y.register_hook(lambda grad: log.append("first"))
    y.register_hook(lambda grad: log.append("second"))
    x.register_post_accumulate_grad_hook(lambda leaf: log.append("accumulated"))
    x.register_hook(lambda grad: log.append("leaf"))
    y.sum().backward()
    return log


@program
def order_over_several_nodes(torch):
    x, log = _leaf(torch), []
    nodes = {"a": x * 2, "b": x * 3}
    nodes["c"] = nodes["a"] * nodes["b"]
    nodes["d"] = nodes["c"] + nodes["a"]
    for name, item in nodes.items():
        item.register_hook(lambda grad, name=name: log.append(name))
        item.grad_fn.register_hook(lambda inputs, outputs, name=name: log.append(name + "!"))
    nodes["d"].sum().backward()
    return log


@program
def removed_hook(torch):
    x, log = _leaf(torch), []
    first = x.register_hook(lambda grad: log.append(1))
    second = x.register_hook(lambda grad: log.append(2))
    first.remove()
    x.sum().backward()
    second.remove()
    second.remove()
    x.sum().backward()
    return log


@program
def hook_as_context_manager(torch):
    x, log = _leaf(torch), []
    with x.register_hook(lambda grad: log.append(1)):
        x.sum().backward()
    x.sum().backward()
    return log


@program
def hook_that_removes_itself(torch):
    x, log = _leaf(torch), []

    def hook(grad):
        log.append("called")
        handle.remove()

    handle = x.register_hook(hook)
    x.sum().backward()
    x.sum().backward()
    return log


@program
def hook_added_after_the_graph(torch):
    x = _leaf(torch)
    y = (x * 2).sum()
    x.register_hook(lambda grad: grad * 7)
    y.backward()
    return [x.grad]


@program
def hook_runs_once_for_several_uses(torch):
    x, log = _leaf(torch), []
    y = x * 2
    y.register_hook(lambda grad: log.append(grad.clone()))
    (y + y * y + y.exp()).sum().backward()
    return [log, x.grad]


@program
def hooks_before_and_after_an_in_place_change(torch):
    x, log = _leaf(torch), []
    y = x * 3
    y.register_hook(lambda grad: log.append(["old", grad.clone()]))
    y.mul_(2)
    y.register_hook(lambda grad: log.append(["new", grad.clone()]))
    (y * 5).sum().backward()
    return log


@program
def retained_grad_follows_in_place_changes(torch):
    x = _leaf(torch)
    y = x * 3
    y.retain_grad()
    y.mul_(2)
    y.add_(1)
    (y * y).sum().backward()
    return [y.grad, x.grad]


@program
def retained_grad_of_a_view_of_a_changed_base(torch):
    x = _leaf(torch)
    y = x * 3
    part = y[0]
    part.retain_grad()
    y.mul_(2)
    (part * 5).sum().backward()
    return [part.grad, x.grad]


@program
def retained_grad_of_a_changed_view(torch):
    x = _leaf(torch)
    y = x * 3
    part = y[0]
    y.retain_grad()
    part.retain_grad()
    part.mul_(2)
    (y * 5).sum().backward()
    return [y.grad, part.grad, x.grad]


@program
def retained_grad_adds_up(torch):
    x = _leaf(torch)
    y = x * 3
    y.retain_grad()
    z = (y * y).sum()
    z.backward(retain_graph=True)
    first = y.grad
    z.backward()
    return [first, y.grad]


@program
def retained_grad_with_create_graph(torch):
    x = _leaf(torch)
    y = x * 3
    y.retain_grad()
    (y * y * y).sum().backward(create_graph=True)
    first = y.grad
    y.grad = None
    x.grad = None
    first.sum().backward()
    return [first.requires_grad, y.grad, x.grad]


@program
def hook_with_create_graph(torch):
    x = _leaf(torch)
    y = x * x
    y.register_hook(lambda grad: grad * grad)
    (grad,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    grad.sum().backward()
    return [grad, x.grad]


@program
def hook_of_an_unused_path_gets_none(torch):
    class Stop(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return None

    x, log = _leaf(torch), []
    y = x * 3
    y.register_hook(lambda grad: log.append(grad is None))
    x.register_hook(lambda grad: log.append(grad is None))
    Stop.apply(y).sum().backward()
    return [log, x.grad is None]


@program
def hook_of_a_function_with_two_results(torch):
    x, log = _leaf(torch), []
    values, indices = x.max(1)
    values.register_hook(lambda grad: log.append(grad.clone()))
    values.grad_fn.register_prehook(lambda grads: log.append(len(grads)))
    values.sum().backward()
    return [log, x.grad]


@program
def accumulate_grad_node(torch):
    x, log = _leaf(torch), []
    y = x * 2
    node, number = y.grad_fn.next_functions[0]
    node.register_hook(lambda inputs, outputs: log.append([len(inputs), outputs[0].clone()]))
    node.register_prehook(lambda grads: (grads[0] * 10,))
    y.sum().backward()
    return [node.name(), number, log, x.grad, node.variable is not None]


@program
def nodes_of_a_chain(torch):
    x = _leaf(torch)
    node, names = (x.exp().neg().tanh() * x).sum().grad_fn, []
    while node is not None:
        names.append([node.name(), len(node.next_functions)])
        node = node.next_functions[0][0] if node.next_functions else None
    return names


@program
def node_is_one_object(torch):
    x = _leaf(torch)
    y = x.exp()
    z = y * y
    node = y.grad_fn
    return [node is y.grad_fn, z.grad_fn.next_functions[0][0] is node,
            z.grad_fn.next_functions[1][0] is node]


@program
def node_metadata(torch):
    y = _leaf(torch).exp()
    node = y.grad_fn
    node.metadata["tag"] = 7
    return [y.grad_fn.metadata["tag"]]


@program
def queued_callback(torch):
    x, log = _leaf(torch), []
    queue = torch.autograd.Variable._execution_engine.queue_callback

    def hook(grad):
        log.append("hook")
        queue(lambda: log.append(x.grad.clone()))

    x.register_hook(hook)
    x.sum().backward()
    return log


@program
def queued_callback_outside(torch):
    torch.autograd.Variable._execution_engine.queue_callback(lambda: None)


@program
def error_in_a_hook(torch):
    x = _leaf(torch)

    def hook(grad):
        raise KeyError("from the hook")

    x.register_hook(hook)
    x.sum().backward()


@program
def graph_is_usable_after_an_error_in_a_hook(torch):
    x, fails = _leaf(torch), [True]

    def hook(grad):
        if fails[0]:
            raise ValueError("not now")

    y = x * x
    y.register_hook(hook)
    z = y.sum()
    try:
        z.backward(retain_graph=True)
    except ValueError as error:
        fails[0] = str(error)
    before = x.grad is None
    fails[0] = False
    z.backward()
    return [before, x.grad]


@program
def hook_of_a_plain_tensor(torch):
    torch.ones(2).register_hook(lambda grad: grad)


@program
def post_accumulate_hook_of_a_plain_tensor(torch):
    torch.ones(2).register_post_accumulate_grad_hook(lambda leaf: None)


@program
def post_accumulate_hook_of_a_result(torch):
    (_leaf(torch) * 2).register_post_accumulate_grad_hook(lambda leaf: None)


@program
def post_accumulate_hook_that_returns(torch):
    x = _leaf(torch)
    x.register_post_accumulate_grad_hook(lambda leaf: leaf.grad)
    x.sum().backward()


@program
def post_accumulate_hook_steps_the_optimiser(torch):
    x = _leaf(torch)

    def step(leaf):
        with torch.no_grad():
            leaf.sub_(leaf.grad)
        leaf.grad = None

    x.register_post_accumulate_grad_hook(step)
    for _ in range(3):
        (x * x).sum().backward()
    return [x, x.grad is None]


@program
def post_accumulate_hook_does_not_run_for_grad(torch):
    x, log = _leaf(torch), []
    x.register_post_accumulate_grad_hook(lambda leaf: log.append("called"))
    found = torch.autograd.grad((x * x).sum(), x)
    return [log, found, x.grad is None]


@program
def leaf_hook_runs_for_grad(torch):
    x = _leaf(torch)
    x.register_hook(lambda grad: grad * 3)
    return [torch.autograd.grad((x * x).sum(), x), x.grad is None]
