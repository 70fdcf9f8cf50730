"""Saved tensors: hooks that pack and unpack them, versions, inference mode."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(1.0, 2.0)):
    return torch.tensor(values, requires_grad=True)


FUNCTIONS = {
    "mul": lambda torch, x: x * x, "exp": lambda torch, x: x.exp(),
    "add": lambda torch, x: x + x, "tanh": lambda torch, x: x.tanh(),
    "pow": lambda torch, x: x ** 3, "div": lambda torch, x: x / (x + 3),
    "sqrt": lambda torch, x: x.sqrt(), "sum": lambda torch, x: x.sum(),
    "softmax": lambda torch, x: x.softmax(0), "dot": lambda torch, x: x @ x,
    "sigmoid": lambda torch, x: x.sigmoid(), "relu": lambda torch, x: x.relu(),
    "mse": lambda torch, x: torch.nn.functional.mse_loss(x, torch.zeros(2)),
}


def _counted(function):
    def run(torch):
        log, x = [], _leaf(torch)

        def pack(tensor):
            log.append(["pack", tensor.detach().clone(), tensor.requires_grad])
            return tensor

        def unpack(tensor):
            log.append("unpack")
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = function(torch, x)
        log.append("backward")
        y.sum().backward()
        return [log, x.grad]

    return run


def _doubled(function):
    def run(torch):
        x = _leaf(torch)
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach() * 2, lambda t: t):
            y = function(torch, x)
        y.sum().backward()
        return [x.grad]

    return run


def _second_order(function):
    def run(torch):
        x = _leaf(torch)
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
            y = (function(torch, x) * x).sum()
            (grad,) = torch.autograd.grad(y, x, create_graph=True)
            grad.sum().backward()
        return [grad, x.grad]

    return run


for _name, _function in FUNCTIONS.items():
    program.add(f"packed_{_name}", _counted(_function))
    program.add(f"doubled_{_name}", _doubled(_function))
    program.add(f"packed_{_name}_twice_differentiated", _second_order(_function))


@program
def half_precision(torch):
    x = _leaf(torch, (1.0001, 2.0001))
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
        y = x * x
    y.sum().backward()
    return [x.grad]


@program
def nested_hooks(torch):
    x = _leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach() * 10, lambda t: t):
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach() * 3, lambda t: t):
            y = x * x
        z = x * x
    plain = x * x
    for item in (y, z, plain):
        item.sum().backward()
    return [x.grad]


@program
def pack_gives_anything(torch):
    x, store = _leaf(torch), {}

    def pack(tensor):
        store[len(store)] = tensor.detach().clone()
        return "number", len(store) - 1

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda packed: store[packed[1]]):
        y = x * x
    y.sum().backward()
    return [len(store), x.grad]


@program
def pack_changes_its_input(torch):
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t):
        _leaf(torch) * _leaf(torch)


@program
def unpack_gives_no_tensor(torch):
    x = _leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: 3, lambda t: t):
        y = x * x
    y.sum().backward()


@program
def error_in_pack(torch):
    def pack(tensor):
        raise KeyError("pack")

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        _leaf(torch) * 2 * _leaf(torch)


@program
def error_in_unpack(torch):
    def unpack(packed):
        raise KeyError("unpack")

    x = _leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpack):
        y = x * x
    y.sum().backward()


@program
def hooks_forget_the_version(torch):
    x = _leaf(torch)
    a = x * 1
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = a * a
    a.add_(1)
    y.sum().backward()
    return [x.grad]


@program
def disabled_hooks(torch):
    with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            pass


@program
def disabled_within_hooks(torch):
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
            pass


@program
def hooks_of_a_custom_function(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 2 * x

    x = _leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach() * 100, lambda t: t):
        y = Square.apply(x)
    y.sum().backward()
    return [x.grad]


@program
def save_on_cpu(torch):
    x = _leaf(torch)
    with torch.autograd.graph.save_on_cpu():
        y = x * x
    y.sum().backward()
    return [x.grad]


# --- versions


def _changed(change):
    def run(torch):
        x = _leaf(torch)
        a = x * 1
        y = a * a
        change(torch, a)
        y.sum().backward()
        return [x.grad]

    return run


for _name, _change in {
    "add": lambda torch, a: a.add_(1), "mul": lambda torch, a: a.mul_(a.detach()),
    "zero": lambda torch, a: a.zero_(), "fill": lambda torch, a: a.fill_(3),
    "copy": lambda torch, a: a.copy_(torch.ones(2)), "view": lambda torch, a: a[0].add_(1),
    "detached": lambda torch, a: a.detach().add_(1), "item": lambda torch, a: a.__setitem__(0, 5.0),
    "data": lambda torch, a: a.data.add_(1), "nothing": lambda torch, a: None,
    "three_times": lambda torch, a: a.add_(1).mul_(2).neg_(),
}.items():
    program.add(f"changed_by_{_name}", _changed(_change))


@program
def version_counts(torch):
    a = torch.ones(3)
    found = [a._version]
    for change in (lambda: a.add_(1), lambda: a[0].mul_(2), lambda: a.detach().zero_(),
                   lambda: a.view(3, 1).add_(1), lambda: a.copy_(torch.ones(3))):
        change()
        found.append(a._version)
    return found


@program
def result_changed_after_exp(torch):
    x = _leaf(torch)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


@program
def result_changed_after_add(torch):
    x = _leaf(torch)
    y = x + 1
    y.mul_(2)
    y.sum().backward()
    return [x.grad]


# --- inference mode


@program
def inference_tensor(torch):
    with torch.inference_mode():
        a = torch.ones(2)
        inside = [torch.is_inference_mode_enabled(), torch.is_grad_enabled()]
    return [inside, torch.is_inference_mode_enabled(), a.is_inference(), a.requires_grad]


@program
def inference_tensor_saved(torch):
    with torch.inference_mode():
        a = torch.ones(2)
    a * _leaf(torch)


@program
def inference_tensor_not_saved(torch):
    with torch.inference_mode():
        a = torch.ones(2)
    x = _leaf(torch)
    (a + x).sum().backward()
    return [x.grad]


@program
def inference_tensor_changed(torch):
    with torch.inference_mode():
        a = torch.ones(2)
        a.add_(1)
    a.add_(1)


@program
def inference_tensor_as_out(torch):
    with torch.inference_mode():
        a = torch.ones(2)
    torch.add(torch.ones(2), 1, out=a)


@program
def inference_tensor_that_requires_grad(torch):
    with torch.inference_mode():
        a = torch.ones(2)
    a.requires_grad_()


@program
def inference_tensor_that_requires_grad_inside(torch):
    with torch.inference_mode():
        a = torch.ones(2, requires_grad=True)
        b = a * 2
    return [a.requires_grad, b.requires_grad, b.is_leaf]


@program
def inference_tensor_version(torch):
    with torch.inference_mode():
        a = torch.ones(2)
    return a._version


@program
def inference_tensor_read_outside(torch):
    with torch.inference_mode():
        a = torch.ones(2)
    b = a + 1
    return [b, b.is_inference(), a.clone().is_inference(), a.view(2, 1).is_inference()]


@program
def view_made_in_inference_mode(torch):
    a = torch.ones(2)
    with torch.inference_mode():
        view = a.view(2, 1)
    view.add_(1)
    return [view.is_inference(), a, a._version]


@program
def view_of_a_recorded_tensor_made_in_inference_mode(torch):
    a = _leaf(torch) * 1
    with torch.inference_mode():
        view = a.view(2, 1)
    flags = [view.is_inference(), view.requires_grad, view.is_leaf]
    try:
        view.add_(1)
    except RuntimeError as error:
        flags.append(str(error)[:70])
    return flags


@program
def normal_tensor_changed_in_inference_mode(torch):
    a = torch.ones(2)
    with torch.inference_mode():
        a.add_(1)
    return [a, a._version, a.is_inference()]


@program
def leaf_changed_in_inference_mode(torch):
    x = _leaf(torch)
    with torch.inference_mode():
        x.add_(1)
    return [x, x._version]


@program
def saved_tensor_changed_in_inference_mode(torch):
    x, a = _leaf(torch), torch.ones(2)
    y = x * a
    with torch.inference_mode():
        a.add_(1)
    y.sum().backward()


@program
def backward_in_inference_mode(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    with torch.inference_mode():
        y.backward()
    return [x.grad, x.grad.is_inference()]


@program
def enable_grad_in_inference_mode(torch):
    with torch.inference_mode():
        with torch.enable_grad():
            x = _leaf(torch)
            y = x * 2
            return [torch.is_grad_enabled(), y.requires_grad, y.is_inference()]


@program
def inference_mode_off_inside(torch):
    with torch.inference_mode():
        with torch.inference_mode(False):
            x = _leaf(torch)
            y = x * 2
            return [torch.is_grad_enabled(), y.requires_grad, y.is_inference()]


@program
def inference_mode_as_a_decorator(torch):
    @torch.inference_mode()
    def inside(x):
        return (x * 2).is_inference(), torch.is_grad_enabled()

    return [list(inside(_leaf(torch))), torch.is_grad_enabled()]
