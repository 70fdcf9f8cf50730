"""autograd.Function: operations with a derivative of one's own."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(1.0, 2.0)):
    return torch.tensor(values, requires_grad=True)


def _square(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 2 * x

    return Square.apply


def _function(torch, forward, backward=None, once=False):
    """A Function of two functions that are given torch too."""
    members = {"forward": staticmethod(lambda ctx, *args: forward(torch, ctx, *args))}
    if backward:
        def derivative(ctx, *grads):
            return backward(torch, ctx, *grads)

        if once:
            derivative = torch.autograd.function.once_differentiable(derivative)
        members["backward"] = staticmethod(derivative)
    return type("Mine", (torch.autograd.Function,), members)


@program
def square(torch):
    x = _leaf(torch)
    y = _square(torch)(x)
    y.sum().backward()
    return [y, x.grad, y.grad_fn.name(), y.requires_grad]


@program
def square_in_a_graph(torch):
    x = _leaf(torch)
    f = _square(torch)
    (f(f(x) + 1) * x).sum().backward()
    return [x.grad]


@program
def square_twice_differentiated(torch):
    x = _leaf(torch)
    (grad,) = torch.autograd.grad((_square(torch)(x) * x).sum(), x, create_graph=True)
    grad.sum().backward()
    return [grad, x.grad]


@program
def square_of_a_plain_tensor(torch):
    y = _square(torch)(torch.ones(2))
    return [y, y.requires_grad, y.grad_fn is None]


@program
def square_in_no_grad(torch):
    with torch.no_grad():
        y = _square(torch)(_leaf(torch))
    return [y, y.requires_grad]


@program
def square_backward_twice(torch):
    y = _square(torch)(_leaf(torch)).sum()
    y.backward()
    y.backward()


@program
def square_backward_twice_retained(torch):
    x = _leaf(torch)
    y = _square(torch)(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return [x.grad]


@program
def square_of_a_changed_tensor(torch):
    x = _leaf(torch)
    a = x * 1
    y = _square(torch)(a)
    a.add_(1)
    y.sum().backward()


@program
def grad_mode_in_forward_and_backward(torch):
    log = []

    def forward(torch, ctx, x):
        log.append(torch.is_grad_enabled())
        return x * 2

    def backward(torch, ctx, grad):
        log.append(torch.is_grad_enabled())
        return grad * 2

    x = _leaf(torch)
    apply = _function(torch, forward, backward).apply
    apply(x).sum().backward()
    torch.autograd.grad(apply(x).sum(), x, create_graph=True)
    return log


@program
def needs_input_grad(torch):
    log = []

    def forward(torch, ctx, *args):
        log.append(list(ctx.needs_input_grad))
        return args[0] * 2 + args[1]

    def backward(torch, ctx, grad):
        log.append(list(ctx.needs_input_grad))
        return grad * 2, grad, None, None

    x = _leaf(torch)
    apply = _function(torch, forward, backward).apply
    apply(x, torch.ones(2), 3, "a").sum().backward()
    apply(torch.ones(2), x, None, 1.5).sum().backward()
    with torch.no_grad():
        apply(x, x, None, 1.5)
    return [log, x.grad]


def _returns(what, arguments=1):
    def run(torch):
        apply = _function(torch, lambda torch, ctx, x, *more: x * 2,
                          lambda torch, ctx, grad: what(torch, grad)).apply
        x = _leaf(torch)
        apply(x, *[3] * (arguments - 1)).sum().backward()
        return [x.grad]

    return run


for _name, _what, _count in (
    ("none", lambda torch, grad: None, 1),
    ("a_tuple", lambda torch, grad: (grad,), 1),
    ("too_few", lambda torch, grad: grad, 2),
    ("enough", lambda torch, grad: (grad, None), 2),
    ("too_many_none", lambda torch, grad: (grad, None, None), 1),
    ("too_many", lambda torch, grad: (grad, grad), 1),
    ("a_number", lambda torch, grad: 3.0, 1),
    ("a_string", lambda torch, grad: "a", 1),
    ("gradient_of_a_number", lambda torch, grad: (grad, grad), 2),
    ("another_shape", lambda torch, grad: torch.ones(3), 1),
    ("a_broadcast_shape", lambda torch, grad: torch.ones(4, 2), 1),
    ("another_dtype", lambda torch, grad: grad.double(), 1),
    ("integers", lambda torch, grad: torch.ones(2, dtype=torch.int64), 1),
):
    program.add(f"backward_returns_{_name}", _returns(_what, _count))


def _gives(what):
    def run(torch):
        grads = []

        def backward(torch, ctx, *given):
            grads.append([item is None for item in given])
            return next(item for item in given if item is not None)

        x = _leaf(torch)
        y = _function(torch, what, backward).apply(x)
        outputs = y if isinstance(y, tuple) else (y,)
        last = [item for item in outputs if hasattr(item, "requires_grad")][-1]
        last.sum().backward()
        return [[getattr(item, "requires_grad", item) for item in outputs], grads, x.grad]

    return run


for _name, _what in {
    "a_tensor": lambda torch, ctx, x: x * 2,
    "a_tuple_of_one": lambda torch, ctx, x: (x * 2,),
    "two": lambda torch, ctx, x: (x * 2, x * 3),
    "a_number_too": lambda torch, ctx, x: (3, x * 2, None),
    "its_input": lambda torch, ctx, x: x,
    "a_view": lambda torch, ctx, x: x.view(2, 1),
    "integers_too": lambda torch, ctx, x: (x.long(), x * 2),
    "a_constant": lambda torch, ctx, x: torch.ones(2),
}.items():
    program.add(f"forward_gives_{_name}", _gives(_what))


@program
def forward_gives_a_number(torch):
    return _function(torch, lambda torch, ctx, x: 3).apply(_leaf(torch))


@program
def materialised_gradients(torch):
    log = []

    def backward(torch, ctx, a, b):
        log.append([a, b])
        return a + b

    x = _leaf(torch)
    _function(torch, lambda torch, ctx, x: (x * 2, x * 3), backward).apply(x)[1].sum().backward()
    return [log, x.grad]


@program
def gradients_not_materialised(torch):
    log = []

    def forward(torch, ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(torch, ctx, a, b):
        log.append([a, b])
        return b

    x = _leaf(torch)
    _function(torch, forward, backward).apply(x)[1].sum().backward()
    return [log, x.grad]


@program
def non_differentiable(torch):
    def forward(torch, ctx, x):
        y, z = x * 2, x * 3
        ctx.mark_non_differentiable(z)
        return y, z

    x = _leaf(torch)
    y, z = _function(torch, forward, lambda torch, ctx, a, b: a * 2 + b).apply(x)
    y.sum().backward()
    return [z.requires_grad, z.grad_fn is None, x.grad]


@program
def non_differentiable_input(torch):
    def forward(torch, ctx, x):
        ctx.mark_non_differentiable(x)
        return x

    x = _leaf(torch)
    y = _function(torch, forward, lambda torch, ctx, a: a).apply(x)
    return [y.requires_grad, x.requires_grad, y is x]


def _dirty(torch, factor=2):
    def forward(torch, ctx, x):
        x.mul_(factor)
        ctx.mark_dirty(x)
        return x

    return _function(torch, forward, lambda torch, ctx, grad: grad * factor).apply


@program
def dirty(torch):
    x = _leaf(torch)
    a = x * 1
    y = _dirty(torch)(a)
    y.sum().backward()
    return [y is a, a.grad_fn.name(), a, x.grad]


@program
def dirty_of_a_plain_tensor(torch):
    a = torch.ones(2)
    y = _dirty(torch)(a)
    return [y is a, a, a.requires_grad]


@program
def dirty_leaf(torch):
    _dirty(torch)(_leaf(torch))


@program
def dirty_view(torch):
    x = _leaf(torch)
    a = x * 1
    part = a[0:1]
    y = _dirty(torch)(part)
    names = [part.grad_fn.name(), a.grad_fn.name()]
    a.sum().backward()
    return [y is part, names, a, x.grad]


@program
def dirty_view_of_a_leaf(torch):
    _dirty(torch)(_leaf(torch)[0:1])


@program
def dirty_not_returned(torch):
    def forward(torch, ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x.clone()

    _function(torch, forward, lambda torch, ctx, grad: grad).apply(_leaf(torch) * 1)


@program
def dirty_view_beside_another_output(torch):
    def forward(torch, ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x, x.clone()

    _function(torch, forward, lambda torch, ctx, a, b: a).apply((_leaf(torch) * 1)[0:1])


@program
def in_place_on_a_returned_input(torch):
    y = _function(torch, lambda torch, ctx, x: x, lambda torch, ctx, a: a).apply(_leaf(torch) * 1)
    y.add_(1)


@program
def in_place_on_a_returned_view(torch):
    y = _function(torch, lambda torch, ctx, x: x[0:1],
                  lambda torch, ctx, a: torch.ones(2)).apply(_leaf(torch) * 1)
    y.add_(1)


@program
def in_place_on_one_of_two_returned_views(torch):
    y, _ = _function(torch, lambda torch, ctx, x: (x[0:1], x[1:2]),
                     lambda torch, ctx, a, b: torch.ones(2)).apply(_leaf(torch) * 1)
    y.add_(1)


@program
def in_place_on_an_output(torch):
    x = _leaf(torch)
    y = _square(torch)(x)
    y.mul_(3)
    y.sum().backward()
    return [x.grad, y.grad_fn.name()]


@program
def once_differentiable(torch):
    x = _leaf(torch)
    apply = _function(torch, lambda torch, ctx, x: x * 3, lambda torch, ctx, grad: grad * 3,
                      once=True).apply
    apply(x).sum().backward()
    return [x.grad]


@program
def once_differentiable_twice(torch):
    x = _leaf(torch)
    apply = _function(torch, lambda torch, ctx, x: x * 3, lambda torch, ctx, grad: grad * 3,
                      once=True).apply
    (grad,) = torch.autograd.grad((apply(x) * x).sum(), x, create_graph=True)
    grad.sum().backward()


@program
def once_differentiable_with_a_constant_gradient(torch):
    x = _leaf(torch)
    apply = _function(torch, lambda torch, ctx, x: x * 3, lambda torch, ctx, grad: grad * 3,
                      once=True).apply
    (grad,) = torch.autograd.grad(apply(x).sum(), x, create_graph=True)
    return [grad, grad.requires_grad]


@program
def setup_context(torch):
    log = []

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(x, factor):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.factor = inputs[1]
            ctx.save_for_backward(inputs[0], output)
            log.append([len(inputs), output])

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            log.append([x, y])
            return grad * ctx.factor, None

    x = _leaf(torch)
    Scale.apply(x, 4).sum().backward()
    return [log, x.grad]


@program
def saved_output(torch):
    def forward(torch, ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    x = _leaf(torch)
    apply = _function(torch, forward, lambda torch, ctx, grad: grad * ctx.saved_tensors[0]).apply
    (grad,) = torch.autograd.grad(apply(x).sum(), x, create_graph=True)
    grad.sum().backward()
    return [grad, x.grad]


@program
def saved_none(torch):
    def forward(torch, ctx, x):
        ctx.save_for_backward(None, x)
        return x * 2

    def backward(torch, ctx, grad):
        nothing, x = ctx.saved_tensors
        return grad * x if nothing is None else None

    x = _leaf(torch)
    _function(torch, forward, backward).apply(x).sum().backward()
    return [x.grad]


@program
def saved_number(torch):
    def forward(torch, ctx, x):
        ctx.save_for_backward(3)
        return x * 2

    _function(torch, forward).apply(_leaf(torch))


@program
def attributes_of_ctx(torch):
    def forward(torch, ctx, x, factor):
        ctx.factor, ctx.shape = factor, tuple(x.shape)
        return x * factor

    def backward(torch, ctx, grad):
        return grad.view(ctx.shape) * ctx.factor, None

    x = _leaf(torch)
    _function(torch, forward, backward).apply(x, 7).sum().backward()
    return [x.grad]


@program
def no_backward(torch):
    _function(torch, lambda torch, ctx, x: x * 2).apply(_leaf(torch)).sum().backward()


@program
def no_forward(torch):
    type("Empty", (torch.autograd.Function,), {}).apply(torch.ones(1))


@program
def called_like_a_legacy_function(torch):
    type("Old", (torch.autograd.Function,), {"forward": lambda self, x: x})()(torch.ones(1))


@program
def error_in_forward(torch):
    def forward(torch, ctx, x):
        raise ValueError("no")

    _function(torch, forward).apply(_leaf(torch))


@program
def error_in_backward(torch):
    def backward(torch, ctx, grad):
        raise KeyError("boo")

    apply = _function(torch, lambda torch, ctx, x: x * 2, backward).apply
    apply(_leaf(torch)).sum().backward()


@program
def hooks_of_the_node(torch):
    log = []
    x = _leaf(torch)
    y = _square(torch)(x)
    y.grad_fn.register_prehook(lambda grads: log.append([item.clone() for item in grads]))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10,))
    y.sum().backward()
    return [log, x.grad]


@program
def gradcheck_of_a_function(torch):
    x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
    apply = _square(torch)
    return [torch.autograd.gradcheck(apply, x), torch.autograd.gradgradcheck(apply, x)]


def _kept(torch):
    """A function that keeps its ctx and what backward finds saved."""
    kept = {}

    def forward(torch, ctx, x):
        kept["ctx"] = ctx
        y = x.exp()
        ctx.save_for_backward(x, y)
        kept["inside"] = len(ctx.saved_tensors), len(ctx.to_save)
        return y

    def backward(torch, ctx, grad):
        kept["same"] = ctx is kept["ctx"]
        kept["saved"] = ctx.saved_tensors
        return grad * kept["saved"][1]

    return kept, _function(torch, forward, backward).apply


@program
def saved_tensors_of_a_kept_ctx(torch):
    x = _leaf(torch)
    kept, apply = _kept(torch)
    y = apply(x)
    saved = kept["ctx"].saved_tensors
    first = [kept["inside"], saved[0] is x, saved[1].grad_fn is not None, *saved]
    del y, saved
    return [first, *kept["ctx"].saved_tensors]


@program
def saved_tensors_of_a_kept_ctx_after_backward(torch):
    kept, apply = _kept(torch)
    apply(_leaf(torch)).sum().backward()
    return kept["ctx"].saved_tensors


@program
def saved_tensors_that_were_kept_aside(torch):
    x = _leaf(torch)
    kept, apply = _kept(torch)
    apply(x).sum().backward()
    kept.pop("ctx")
    return [kept["same"], x.grad, *kept["saved"], kept["saved"][0] is x]


@program
def saved_tensors_of_a_kept_ctx_and_a_retained_graph(torch):
    kept, apply = _kept(torch)
    y = apply(_leaf(torch)).sum()
    y.backward(retain_graph=True)
    del y
    return list(kept["ctx"].saved_tensors)


@program
def saved_tensors_of_a_kept_ctx_without_grad(torch):
    kept, apply = _kept(torch)
    with torch.no_grad():
        apply(_leaf(torch))
    return list(kept["ctx"].saved_tensors)


@program
def attributes_of_a_ctx(torch):
    def forward(torch, ctx, x):
        ctx.factor, ctx.itself = 3, ctx
        return x * 3

    def backward(torch, ctx, grad):
        ctx.factor += 1
        return grad * ctx.factor

    x = _leaf(torch)
    y = _function(torch, forward, backward).apply(x)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return [x.grad]
