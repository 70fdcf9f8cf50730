"""The engine: which gradients are computed, into what they go, and passes within passes."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(1.0, 2.0, 3.0)):
    return torch.tensor(values, requires_grad=True)


def _grads(*tensors):
    return [item.grad for item in tensors]


# --- inputs=


def _with_inputs(pick, twice=False):
    def run(torch):
        x, w = _leaf(torch), _leaf(torch, (4.0, 5.0, 6.0))
        y = x * w
        z = y.exp() * 0.001 + w
        named = {"x": x, "w": w, "y": y}
        inputs = [named[name] for name in pick]
        for _ in range(1 + twice):
            z.sum().backward(inputs=inputs, retain_graph=True)
        return [x.grad, w.grad, y.retains_grad, y.grad if y.retains_grad else None]

    return run


for _pick in ("x", "w", "y", "xw", "xy", "wy", "xyw"):
    program.add(f"backward_to_{_pick}", _with_inputs(_pick))
    program.add(f"backward_twice_to_{_pick}", _with_inputs(_pick, twice=True))


@program
def backward_to_one_tensor(torch):
    x, w = _leaf(torch), _leaf(torch)
    (x * w).sum().backward(inputs=x)
    return _grads(x, w)


@program
def backward_to_nothing(torch):
    _leaf(torch).sum().backward(inputs=[])


@program
def backward_to_an_unrelated_leaf(torch):
    x, w = _leaf(torch), _leaf(torch)
    x.sum().backward(inputs=[w])
    return _grads(x, w)


@program
def backward_to_a_plain_tensor(torch):
    _leaf(torch).sum().backward(inputs=[torch.ones(1)])


@program
def backward_runs_the_node_of_an_input(torch):
    x, log = _leaf(torch), []
    y = x * 2
    y.grad_fn.register_prehook(lambda grads: log.append(grads[0]))
    (y * y).sum().backward(inputs=[y])
    return [log, x.grad is None]


@program
def grad_does_not_run_the_node_of_an_input(torch):
    x, log = _leaf(torch), []
    y = x * 2
    y.grad_fn.register_prehook(lambda grads: log.append(grads[0]))
    return [torch.autograd.grad((y * y).sum(), y), log]


@program
def pruned_nodes_do_not_run(torch):
    x, w, log = _leaf(torch), _leaf(torch), []
    a, b = x.exp(), w.exp()
    a.grad_fn.register_hook(lambda inputs, outputs: log.append("a"))
    b.grad_fn.register_hook(lambda inputs, outputs: log.append("b"))
    return [torch.autograd.grad((a * b).sum(), x), log]


@program
def freed_beside_a_pruned_path(torch):
    x, w = _leaf(torch), _leaf(torch)
    a, b = x.exp(), w.exp()
    y = a.sum() + b.sum()
    torch.autograd.grad(y, x)
    return [torch.autograd.grad(b.sum(), w)]


# --- several roots


def _roots(seeds):
    def run(torch):
        x = _leaf(torch)
        y, z = x * x, x.exp()
        given = {"ones": [torch.ones(3), torch.ones(3)], "one": [torch.ones(3), None],
                 "none": None, "short": [torch.ones(3)], "shape": [torch.ones(2), torch.ones(3)],
                 "scaled": [torch.ones(3) * 2, torch.ones(3) * 3]}[seeds]
        torch.autograd.backward([y, z], given)
        return [x.grad]

    return run


for _seeds in ("ones", "one", "none", "short", "shape", "scaled"):
    program.add(f"two_roots_with_{_seeds}", _roots(_seeds))


@program
def two_scalar_roots(torch):
    x = _leaf(torch)
    torch.autograd.backward([x.sum(), (x * x).sum()])
    return [x.grad]


@program
def root_twice(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    torch.autograd.backward([y, y])
    return [x.grad]


@program
def root_below_another_root(torch):
    x = _leaf(torch)
    y = x * x
    z = y.sum()
    torch.autograd.backward([z, y], [None, torch.ones(3) * 10])
    return [x.grad]


@program
def root_that_is_a_leaf(torch):
    x = _leaf(torch)
    torch.autograd.backward([x, (x * 2).sum()], [torch.ones(3), None])
    return [x.grad]


@program
def root_without_a_graph(torch):
    x = _leaf(torch)
    torch.autograd.backward([x.sum(), torch.ones(())])


@program
def grad_of_two_roots(torch):
    x, w = _leaf(torch), _leaf(torch)
    return [torch.autograd.grad([(x * w).sum(), x.exp()], [x, w], [None, torch.ones(3)])]


# --- unused and absent gradients


def _unused(**options):
    def run(torch):
        x, w = _leaf(torch), _leaf(torch)
        found = torch.autograd.grad((x * x).sum(), [x, w], **options)
        return [found[0], found[1]]

    return run


program.add("unused_input", _unused())
program.add("unused_input_allowed", _unused(allow_unused=True))
program.add("unused_input_materialised", _unused(materialize_grads=True))
program.add("unused_input_both", _unused(allow_unused=True, materialize_grads=True))
program.add("unused_input_contradiction", _unused(allow_unused=False, materialize_grads=True))


@program
def absent_gradient_beside_another(torch):
    class First(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, grad):
            return grad, None

    x, w = _leaf(torch), _leaf(torch)
    (First.apply(x, w) + w * 2).sum().backward()
    return _grads(x, w)


# --- accumulation


@program
def grad_is_taken_over(torch):
    x = _leaf(torch)
    seed = torch.ones(3)
    (x * 1).backward(seed)
    x.grad.mul_(5)
    return [seed, x.grad]


@program
def gradient_given_to_a_leaf_is_copied(torch):
    x = _leaf(torch)
    seed = torch.ones(3)
    x.backward(seed)
    x.grad.mul_(5)
    return [seed, x.grad]


@program
def gradient_of_two_leaves_is_not_shared(torch):
    x, w = _leaf(torch), _leaf(torch)
    (x + w).sum().backward()
    x.grad.mul_(5)
    return _grads(x, w)


@program
def grad_grows_in_place(torch):
    x = _leaf(torch)
    (x * 2).sum().backward()
    before = x.grad
    (x * 3).sum().backward()
    return [before, x.grad]


@program
def grad_is_replaced_with_create_graph(torch):
    x = _leaf(torch)
    (x * x).sum().backward(create_graph=True)
    before = x.grad
    (x * x).sum().backward(create_graph=True)
    return [before, x.grad, x.grad.requires_grad]


@program
def grad_version_counts_accumulation(torch):
    x = _leaf(torch)
    (x * 2).sum().backward()
    first = x.grad._version
    (x * 3).sum().backward()
    return [first, x.grad._version]


@program
def expanded_gradient_is_made_dense(torch):
    x = _leaf(torch)
    x.sum().backward()
    return [x.grad.stride(), x.grad]


@program
def gradient_of_a_transposed_leaf(torch):
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).t().requires_grad_()
    (x * x).sum().backward()
    return [x.grad, x.grad.stride()]


@program
def many_uses_add_up_in_order(torch):
    x = torch.tensor([0.1, 0.7], requires_grad=True)
    y = x * 1.1
    total = y
    for factor in (0.3, 1e-3, 1e4, -0.37, 17.0):
        total = total + y * factor + y.exp() * factor
    total.sum().backward()
    return [x.grad]


def _promoted(dtype, other):
    def run(torch):
        x = torch.tensor([1.0, 2.0], dtype=getattr(torch, dtype), requires_grad=True)
        w = torch.tensor([[3.0], [4.0]], dtype=getattr(torch, other), requires_grad=True)
        y = x * w
        y.backward(torch.ones(2, 2, dtype=torch.float32))
        return [str(y.dtype), x.grad, w.grad]

    return run


for _dtype in ("float32", "float64", "float16", "bfloat16"):
    for _other in ("float32", "float64"):
        program.add(f"broadcast_{_dtype}_and_{_other}", _promoted(_dtype, _other))


# --- retained and freed graphs


def _again(function, **options):
    def run(torch):
        x = _leaf(torch)
        y = function(x)
        y.backward(**options)
        y.backward()
        return [x.grad]

    return run


for _name, _function in {
    "mul": lambda x: (x * x).sum(), "exp": lambda x: x.exp().sum(), "add": lambda x: (x + x).sum(),
    "view": lambda x: x.view(3, 1).sum(), "neg": lambda x: (-x).sum(),
    "pow": lambda x: (x ** 3).sum(), "softmax": lambda x: x.softmax(0)[0],
    "matmul": lambda x: x @ x, "max": lambda x: x.max(),
}.items():
    program.add(f"{_name}_twice", _again(_function))
    program.add(f"{_name}_twice_retained", _again(_function, retain_graph=True))
    program.add(f"{_name}_twice_created", _again(_function, create_graph=True))


@program
def retained_then_freed(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    y.backward()


# --- passes within passes


def _nested(depth):
    def run(torch):
        class Descend(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, left):
                ctx.left = left
                return x * 1

            @staticmethod
            def backward(ctx, grad):
                with torch.enable_grad():
                    if ctx.left > 0:
                        inner = torch.ones(1, requires_grad=True)
                        Descend.apply(inner, ctx.left - 1).backward()
                        reached.append(inner.grad.item())
                return grad, None

        reached = []
        x = torch.ones(1, requires_grad=True)
        Descend.apply(x, depth).backward()
        return [len(reached), sum(reached), x.grad]

    return run


for _depth in (1, 2, 10, 59, 60, 61, 130, 300):
    program.add(f"nested_{_depth}_deep", _nested(_depth))


@program
def backward_of_the_same_graph_in_a_hook(torch):
    x = _leaf(torch)
    y = x * x
    z = (y * y).sum()
    inside = []

    def hook(grad):
        if not inside:
            inside.append(True)
            z.backward(retain_graph=True)

    y.register_hook(hook)
    z.backward(retain_graph=True)
    return [x.grad]


@program
def backward_of_another_graph_in_a_hook(torch):
    x, w = _leaf(torch), _leaf(torch)

    def hook(grad):
        with torch.enable_grad():
            (w * w).sum().backward()
        return grad + w.grad

    y = x * 2
    y.register_hook(hook)
    y.sum().backward()
    return _grads(x, w)


@program
def grad_in_a_hook(torch):
    x = _leaf(torch)
    y = x * x

    def hook(grad):
        with torch.enable_grad():
            (found,) = torch.autograd.grad((x ** 3).sum(), x)
        return grad * found

    y.register_hook(hook)
    y.sum().backward()
    return [x.grad]


@program
def error_within_a_nested_pass(torch):
    x = _leaf(torch)

    def hook(grad):
        with torch.enable_grad():
            y = (x * x).sum()
        y.backward()
        y.backward()

    z = x * 2
    z.register_hook(hook)
    z.sum().backward()


# --- leaves, detach_, requires_grad_


@program
def detach_in_place(torch):
    x = _leaf(torch)
    y = x * 2
    y.detach_()
    return [y.requires_grad, y.grad_fn is None, y.is_leaf]


@program
def detach_in_place_of_a_leaf(torch):
    x = _leaf(torch)
    y = (x * 2).sum()
    x.detach_()
    before = x.requires_grad
    y.backward()
    return [before, x.grad]


@program
def detach_in_place_of_a_base_with_views(torch):
    x = _leaf(torch)
    y = x * 2
    part = y[0]
    y.detach_()
    return [part.requires_grad, y.requires_grad]


@program
def requires_grad_after_use(torch):
    x, w = torch.ones(2), _leaf(torch, (1.0, 2.0))
    y = x * w
    x.requires_grad_()
    y.sum().backward()
    return _grads(x, w)


@program
def requires_grad_off_after_use(torch):
    x, w = _leaf(torch, (3.0, 4.0)), _leaf(torch, (1.0, 2.0))
    y = x * w
    x.requires_grad_(False)
    y.sum().backward()
    return _grads(x, w)


@program
def leaf_flags(torch):
    x, plain = _leaf(torch), torch.ones(3)
    with torch.no_grad():
        unrecorded = x * 2
    tensors = [x, plain, x * 2, plain * 2, unrecorded, x.detach(), x[0], plain[0]]
    return [[item.is_leaf, item.requires_grad, item.grad_fn is None] for item in tensors]


@program
def data_is_swapped_without_a_trace(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    version = x._version
    x.data.mul_(10)
    y.backward()
    return [version, x._version, x.grad]


@program
def no_grad_inside_of_backward(torch):
    x, log = _leaf(torch), []
    x.register_hook(lambda grad: log.append(torch.is_grad_enabled()))
    (x * x).sum().backward()
    (x * x).sum().backward(create_graph=True)
    return [log, torch.is_grad_enabled()]


@program
def backward_inside_of_no_grad(torch):
    x = _leaf(torch)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward()
        inside = torch.is_grad_enabled()
    return [inside, x.grad]


@program
def floor_division_has_no_derivative(torch):
    x = _leaf(torch)
    y = (x // 2).sum()
    return [y.requires_grad, (x // 2).grad_fn.name(), y.backward()]


@program
def floor_division_beside_a_path(torch):
    x = _leaf(torch)
    ((x // 2).detach() * x).sum().backward()
    return [x.grad]
