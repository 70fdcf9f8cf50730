"""torch.utils.checkpoint: gradients, random numbers, what the function may give, errors."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(0.5, -1.0, 2.0)):
    return torch.tensor(values, requires_grad=True)


def _block(x):
    return (x.exp().tanh() * x).sigmoid()


def _gradients(reentrant, function=_block):
    def run(torch):
        x = _leaf(torch)
        y = torch.utils.checkpoint.checkpoint(function, x, use_reentrant=reentrant)
        y.sum().backward()
        return [y, x.grad]
    return run


for _reentrant in (True, False):
    _kind = "reentrant" if _reentrant else "plain"
    program.add(f"{_kind}_gradients", _gradients(_reentrant))
    program.add(f"{_kind}_identity", _gradients(_reentrant, lambda x: x * 1))
    program.add(f"{_kind}_view", _gradients(_reentrant, lambda x: x.view(3, 1).exp()))
    program.add(f"{_kind}_in_place_inside",
                _gradients(_reentrant, lambda x: x.exp().mul_(2).tanh()))
    program.add(f"{_kind}_raises", _gradients(_reentrant, lambda x: x.view(7)))
    program.add(f"{_kind}_without_grad_inside",
                _gradients(_reentrant, lambda x: x.detach() * 2))


def _both(name):
    """A program in both variants."""
    def add(function):
        program.add(f"{name}_reentrant", lambda torch: function(torch, True))
        program.add(f"{name}_plain", lambda torch: function(torch, False))
        return function
    return add


@_both("random_numbers")
def _random_numbers(torch, reentrant):
    x = _leaf(torch)
    drawn = []

    def noisy(a):
        noise = torch.randn(3)
        drawn.append(noise)
        return a.exp() * noise

    torch.manual_seed(5)
    y = torch.utils.checkpoint.checkpoint(noisy, x, use_reentrant=reentrant)
    between = torch.rand(2)
    y.sum().backward()
    return [y, x.grad, between, torch.rand(2), len(drawn), *drawn]


@_both("random_numbers_not_preserved")
def _random_numbers_not_preserved(torch, reentrant):
    x = _leaf(torch)
    drawn = []

    def noisy(a):
        drawn.append(torch.rand(3))
        return a.exp()

    torch.manual_seed(5)
    torch.utils.checkpoint.checkpoint(
        noisy, x, use_reentrant=reentrant, preserve_rng_state=False).sum().backward()
    return [x.grad, torch.rand(2), *drawn]


@_both("captured_leaf")
def _captured_leaf(torch, reentrant):
    x, w = _leaf(torch), _leaf(torch, [2.0, 3.0, 4.0])
    y = torch.utils.checkpoint.checkpoint(lambda a: (a * w).tanh(), x, use_reentrant=reentrant)
    y.sum().backward()
    return [y, x.grad, w.grad]


@_both("several_inputs_and_outputs")
def _several_inputs_and_outputs(torch, reentrant):
    x, y = _leaf(torch), _leaf(torch, [1.0, 2.0, 3.0])
    a, b = torch.utils.checkpoint.checkpoint(
        lambda p, n, q: ((p * q).exp(), p ** n), x, 2, y, use_reentrant=reentrant)
    (a.sum() + b.sum()).backward()
    return [a, b, x.grad, y.grad]


@_both("nested")
def _nested(torch, reentrant):
    x = _leaf(torch)
    inner = lambda a: torch.utils.checkpoint.checkpoint(  # noqa: E731
        _block, a, use_reentrant=reentrant) * a
    y = torch.utils.checkpoint.checkpoint(inner, x, use_reentrant=reentrant)
    y.sum().backward()
    return [y, x.grad]


@_both("chain")
def _chain(torch, reentrant):
    x = _leaf(torch)
    y = x
    for _ in range(4):
        y = torch.utils.checkpoint.checkpoint(_block, y, use_reentrant=reentrant)
    y.sum().backward()
    return [y, x.grad]


@_both("sequential")
def _sequential(torch, reentrant):
    x = _leaf(torch)
    functions = [torch.exp, torch.tanh, torch.sigmoid, torch.neg, torch.exp]
    y = torch.utils.checkpoint.checkpoint_sequential(functions, 2, x, use_reentrant=reentrant)
    y.sum().backward()
    return [y, x.grad]


@_both("how_often_it_runs")
def _how_often_it_runs(torch, reentrant):
    x = _leaf(torch)
    modes = []

    def counted(a):
        modes.append(torch.is_grad_enabled())
        return a.exp()

    torch.utils.checkpoint.checkpoint(counted, x, use_reentrant=reentrant).sum().backward()
    return [len(modes), modes[-1]]


@_both("no_input_requires_grad")
def _no_input_requires_grad(torch, reentrant):
    x, w = torch.tensor([1.0, 2.0]), _leaf(torch, [2.0, 3.0])
    y = torch.utils.checkpoint.checkpoint(lambda a: (a * w).exp(), x, use_reentrant=reentrant)
    return [y, y.requires_grad]


@_both("under_no_grad")
def _under_no_grad(torch, reentrant):
    x = _leaf(torch)
    with torch.no_grad():
        y = torch.utils.checkpoint.checkpoint(_block, x, use_reentrant=reentrant)
    return [y, y.requires_grad]


@_both("backward_twice")
def _backward_twice(torch, reentrant):
    x = _leaf(torch)
    y = torch.utils.checkpoint.checkpoint(_block, x, use_reentrant=reentrant).sum()
    y.backward()
    y.backward()


@_both("keyword_arguments")
def _keyword_arguments(torch, reentrant):
    x = _leaf(torch)
    y = torch.utils.checkpoint.checkpoint(
        lambda a, scale: (a * scale).exp(), x, use_reentrant=reentrant, scale=2.0)
    y.sum().backward()
    return [y, x.grad]


@program
def retained_graph(torch):
    x = _leaf(torch)
    y = torch.utils.checkpoint.checkpoint(_block, x, use_reentrant=False).sum()
    y.backward(retain_graph=True)
    y.backward()
    return [x.grad]


@program
def with_grad(torch):
    x = _leaf(torch)
    y = torch.utils.checkpoint.checkpoint(_block, x, use_reentrant=False)
    return list(torch.autograd.grad(y.sum(), x))


def _partial(function, run):
    """A pass that computes only some gradients, through a reentrant checkpoint."""
    def program_of(torch):
        x, w = _leaf(torch), _leaf(torch, [2.0, 3.0, 4.0])
        y = torch.utils.checkpoint.checkpoint(function, x, use_reentrant=True)
        y = sum(one.sum() for one in y) if isinstance(y, tuple) else y.sum()
        return run(torch, y * w.sum(), x, w)
    return program_of


def _with_inputs(torch, y, x, w):
    y.backward(inputs=[x])


for _name, _function in {
    "block": _block, "saves_nothing": lambda a: a * 2, "identity": lambda a: a,
    "view": lambda a: a.view(3, 1), "two_outputs": lambda a: (a * 2, a.exp()),
}.items():
    program.add(f"reentrant_{_name}_with_grad", _partial(
        _function, lambda torch, y, x, w: list(torch.autograd.grad(y, x))))
    program.add(f"reentrant_{_name}_with_inputs", _partial(_function, _with_inputs))
    program.add(f"reentrant_{_name}_beside_the_inputs", _partial(
        _function, lambda torch, y, x, w: list(torch.autograd.grad(y, w))))
    program.add(f"reentrant_{_name}_whole", _partial(
        _function, lambda torch, y, x, w: [y.backward(), x.grad, w.grad]))


def _within(torch, run):
    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            with torch.enable_grad():
                x = _leaf(torch)
                torch.utils.checkpoint.checkpoint(
                    _block, x, use_reentrant=True).sum().backward()
            return x.grad

    x = _leaf(torch)
    return run(Inner.apply(x).sum(), x)


@program
def reentrant_within_a_partial_pass(torch):
    return _within(torch, lambda y, x: list(torch.autograd.grad(y, x)))


@program
def reentrant_within_a_whole_pass(torch):
    return _within(torch, lambda y, x: [y.backward(), x.grad])


@program
def reentrant_result_changed_in_place(torch):
    x = _leaf(torch)
    y = torch.utils.checkpoint.checkpoint(_block, x, use_reentrant=True)
    name = y.grad_fn.name()
    y.mul_(2)
    y.sum().backward()
    return [name, y, x.grad]


@program
def reentrant_identity_changed_in_place(torch):
    x = _leaf(torch)
    torch.utils.checkpoint.checkpoint(lambda a: a, x, use_reentrant=True).mul_(2)


@program
def second_derivative(torch):
    x = _leaf(torch)
    y = torch.utils.checkpoint.checkpoint(_block, x, use_reentrant=False)
    first, = torch.autograd.grad(y.sum(), x, create_graph=True)
    return [first, *torch.autograd.grad(first.sum(), x)]


@program
def tensors_in_keyword_arguments(torch):
    x, w = _leaf(torch), _leaf(torch, [2.0, 3.0, 4.0])
    y = torch.utils.checkpoint.checkpoint(
        lambda a, weight: (a * weight).exp(), x, use_reentrant=False, weight=w)
    y.sum().backward()
    return [y, x.grad, w.grad]


@program
def nested_results(torch):
    x = _leaf(torch)
    result = torch.utils.checkpoint.checkpoint(
        lambda a: {"first": a.exp(), "rest": [a.tanh(), 3, None]}, x, use_reentrant=False)
    (result["first"] + result["rest"][0]).sum().backward()
    return [result["first"], result["rest"][0], result["rest"][1], x.grad]


@program
def fewer_tensors_the_second_time(torch):
    x = _leaf(torch)
    runs = []

    def fickle(a):
        runs.append(1)
        return a.exp().tanh() if len(runs) == 1 else a.exp()

    torch.utils.checkpoint.checkpoint(fickle, x, use_reentrant=False).sum().backward()


@program
def other_shapes_the_second_time(torch):
    x = _leaf(torch)
    runs = []

    def fickle(a):
        runs.append(1)
        return a.exp().sum() if len(runs) == 1 else a[:2].exp().sum()

    torch.utils.checkpoint.checkpoint(fickle, x, use_reentrant=False).backward()


@program
def error_the_second_time(torch):
    x = _leaf(torch)
    runs = []

    def fickle(a):
        runs.append(1)
        if len(runs) > 1:
            raise ValueError("not again")
        return a.exp()

    torch.utils.checkpoint.checkpoint(fickle, x, use_reentrant=False).sum().backward()


def _raised(torch, function):
    """The kind of error and its text, up to PyTorch's advice."""
    try:
        function()
    except RuntimeError as error:
        kind = isinstance(error, torch.utils.checkpoint.CheckpointError)
        return [kind, str(error).partition("\nTip:")[0].rstrip()]
    return None


def _fickle(first, second):
    """One function, then another."""
    runs = []

    def function(a):
        runs.append(1)
        return first(a) if len(runs) == 1 else second(a)

    return function


def _refused(first, second, **options):
    def run(torch):
        y = torch.utils.checkpoint.checkpoint(
            _fickle(first, second), _leaf(torch), use_reentrant=False, **options)
        return _raised(torch, y.sum().backward)
    return run


program.add("refuses_fewer", _refused(lambda a: a.exp().tanh(), lambda a: a.exp()))
program.add("refuses_none", _refused(lambda a: a.exp().tanh(), lambda a: a + 1))
program.add("refuses_another_shape",
            _refused(lambda a: a.exp().tanh(), lambda a: a[:2].exp().tanh()))
program.add("refuses_another_dtype",
            _refused(lambda a: a.exp().tanh(), lambda a: a.double().exp().tanh()))
program.add("refuses_one_of_several",
            _refused(lambda a: a.exp() * a.tanh(), lambda a: a.exp() * a.sum().tanh()))
program.add("takes_more", _refused(lambda a: a.exp(), lambda a: a.exp().tanh()))
program.add("refuses_more_without_early_stop",
            _refused(lambda a: a.exp(), lambda a: a.exp().tanh(), early_stop=False))
program.add("refuses_fewer_without_early_stop",
            _refused(lambda a: a.exp().tanh(), lambda a: a.exp(), early_stop=False))
program.add("takes_the_same_without_early_stop",
            _refused(lambda a: a.exp(), lambda a: a.exp(), early_stop=False))


def _how_far(torch, **options):
    x, log = _leaf(torch), []

    def function(a):
        log.append("begins")
        b = a.exp()
        log.append("exp")
        c = b * 2
        log.append("ends")
        return c

    y = torch.utils.checkpoint.checkpoint(function, x, use_reentrant=False, **options)
    y.sum().backward()
    return [log, x.grad]


@program
def stops_early(torch):
    return _how_far(torch)


@program
def goes_to_the_end(torch):
    return _how_far(torch, early_stop=False)


@program
def early_stop_is_switched_off(torch):
    with torch.utils.checkpoint.set_checkpoint_early_stop(False):
        return _how_far(torch)


@program
def early_stop_is_switched_on(torch):
    with torch.utils.checkpoint.set_checkpoint_early_stop(True):
        result = _how_far(torch, early_stop=False)
    return [result, _how_far(torch, early_stop=False)]


@program
def nested_stops_early(torch):
    x, log = _leaf(torch), []

    def inner(a):
        log.append("inner")
        b = a.exp()
        log.append("inner ends")
        return b

    def outer(a):
        log.append("outer")
        b = torch.utils.checkpoint.checkpoint(inner, a.tanh(), use_reentrant=False)
        log.append("outer goes on")
        c = b.sigmoid()
        log.append("outer ends")
        return c

    torch.utils.checkpoint.checkpoint(outer, x, use_reentrant=False).sum().backward()
    return [x.grad]


@program
def thrice_nested(torch):
    x = _leaf(torch)

    def nest(depth):
        if depth == 0:
            return _block
        return lambda a: torch.utils.checkpoint.checkpoint(
            nest(depth - 1), a, use_reentrant=False) * a

    y = nest(3)(x)
    y.sum().backward()
    return [y, x.grad]


@program
def nested_random_numbers(torch):
    x, drawn = _leaf(torch), []

    def inner(a):
        drawn.append(torch.rand(3))
        return a.exp() * drawn[-1]

    def outer(a):
        drawn.append(torch.rand(3))
        return torch.utils.checkpoint.checkpoint(
            inner, a * drawn[-1], use_reentrant=False).tanh()

    torch.manual_seed(3)
    y = torch.utils.checkpoint.checkpoint(outer, x, use_reentrant=False)
    y.sum().backward()
    return [y, x.grad, torch.rand(2)]


@program
def gradient_inside_of_the_function(torch):
    x = _leaf(torch)

    def function(a):
        b = (a.exp() * a).sum()
        slope, = torch.autograd.grad(b, a, create_graph=True)
        return slope * a

    y = torch.utils.checkpoint.checkpoint(function, x, use_reentrant=False)
    y.sum().backward()
    return [y, x.grad]


@program
def an_input_changed_since(torch):
    x = _leaf(torch)
    y = x * 1
    z = torch.utils.checkpoint.checkpoint(_block, y, use_reentrant=False).sum()
    y.add_(1)
    z.backward()
