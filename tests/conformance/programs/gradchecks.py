"""torch.autograd.gradcheck and gradgradcheck: what passes and what does not, and in which words."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(1.0, 2.0)):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def _half(x):
    """x * x whose history is cut for one of the factors."""
    return x * x.detach()


def _first_order_only(x):
    """x * x with the right derivative, which has no history itself."""
    return (x * x).detach() + (x - x.detach()) * (2 * x).detach()


CASES = {
    "right": lambda t, g, gg: g(lambda x: x.exp() * x, (_leaf(t),)),
    "right_second": lambda t, g, gg: gg(lambda x: x.exp() * x, (_leaf(t),)),
    "wrong": lambda t, g, gg: g(_half, (_leaf(t),)),
    "wrong_without_exception": lambda t, g, gg: g(_half, (_leaf(t),), raise_exception=False),
    "wrong_within_tolerance": lambda t, g, gg: g(_half, (_leaf(t),), atol=3.0),
    "wrong_second": lambda t, g, gg: gg(_first_order_only, (_leaf(t),), raise_exception=False),
    "right_first_of_wrong_second": lambda t, g, gg: g(_first_order_only, (_leaf(t),)),
    "wrong_second_output": lambda t, g, gg: g(lambda x: (x * 2, _half(x)), (_leaf(t),)),
    "wrong_second_input": lambda t, g, gg: g(lambda x, y: x * _half(y), (_leaf(t), _leaf(t))),
    "constant_that_is_not": lambda t, g, gg: g(lambda x: x.detach() * 2, (_leaf(t),)),
    "constant": lambda t, g, gg: g(lambda x: x.detach() * 0, (_leaf(t),)),
    "no_input_requires_grad": lambda t, g, gg: g(lambda x: x, (t.ones(2, dtype=t.float64),)),
    "second_without_input": lambda t, g, gg: gg(lambda x: x, (t.ones(2, dtype=t.float64),)),
    "expanded_input": lambda t, g, gg: g(lambda x: x * 2, (_leaf(t).expand(3, 2),)),
    "single_tensor": lambda t, g, gg: g(lambda x: x.sin() if False else x * x, _leaf(t)),
    "plain_argument_between": lambda t, g, gg: g(lambda x, n, y: x ** n * y,
                                                 (_leaf(t), 3, _leaf(t))),
    "input_without_grad_beside": lambda t, g, gg: g(lambda x, y: x * y,
                                                    (_leaf(t), t.ones(2, dtype=t.float64))),
    "integer_output_beside": lambda t, g, gg: g(lambda x: (x * x, x > 0), (_leaf(t),)),
    "transposed_input": lambda t, g, gg: g(lambda x: x.t() @ x,
                                           (_leaf(t, [[1.0, 2], [3, 4]]).t(),)),
    "empty_input": lambda t, g, gg: g(lambda x, y: x.sum() + y,
                                      (t.ones(0, dtype=t.float64, requires_grad=True), _leaf(t))),
    "given_grad_outputs": lambda t, g, gg: gg(lambda x: x * x, (_leaf(t),), (_leaf(t),)),
    "grad_outputs_of_several": lambda t, g, gg: gg(lambda x, y: (x * y, x.exp()),
                                                   (_leaf(t), _leaf(t))),
    "zero_dim": lambda t, g, gg: g(lambda x: x * x, (_leaf(t, 3.0),)),
    "in_place_inside": lambda t, g, gg: g(lambda x: (x * 1).mul_(x), (_leaf(t),)),
    "view_in_place_inside": lambda t, g, gg: gg(_doubled_first, (_leaf(t),)),
    "fast": lambda t, g, gg: g(lambda x: x.exp() * x, (_leaf(t),), fast_mode=True),
    "fast_second": lambda t, g, gg: gg(lambda x: x.exp() * x, (_leaf(t),), fast_mode=True),
    "fast_wrong": lambda t, g, gg: g(_half, (_leaf(t),), fast_mode=True),
    "fast_several": lambda t, g, gg: g(lambda x, y: (x * y, x.exp()), (_leaf(t), _leaf(t)),
                                       fast_mode=True),
    "function_that_raises": lambda t, g, gg: g(lambda x: x.view(7), (_leaf(t),)),
    "function_with_python_error": lambda t, g, gg: g(lambda x: {}["key"], (_leaf(t),)),
}


def _doubled_first(x):
    y = x * x
    y[0].mul_(2)
    return y


def _run(case):
    return lambda torch: [case(torch, torch.autograd.gradcheck, torch.autograd.gradgradcheck)]


for _name, _case in CASES.items():
    program.add(_name, _run(_case))


@program
def inputs_stay_as_they_are(torch):
    x = _leaf(torch)
    torch.autograd.gradcheck(lambda a: a * a, (x,))
    return [x.detach(), x.grad is None, x._version, x.requires_grad]


@program
def under_no_grad(torch):
    x = _leaf(torch)
    with torch.no_grad():
        return [torch.autograd.gradcheck(lambda a: a * a, (x,))]


# ---- the generator's state

@program
def state_of_the_generator(torch):
    torch.manual_seed(11)
    state = torch.get_rng_state()
    first = torch.rand(3)
    torch.set_rng_state(state)
    return [list(state.shape), state[:40], first, torch.rand(3)]


@program
def state_with_a_normal_that_waits(torch):
    torch.manual_seed(11)
    torch.randn(3)
    state = torch.get_rng_state()
    first = torch.randn(2)
    torch.manual_seed(1)
    torch.set_rng_state(state)
    return [state[:24], state[5016:], first, torch.randn(2)]


@program
def state_of_another_dtype(torch):
    torch.set_rng_state(torch.zeros(5056))


@program
def state_of_another_size(torch):
    torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))


@program
def state_that_is_none(torch):
    torch.set_rng_state(torch.zeros(5056, dtype=torch.uint8))


@program
def state_that_is_no_tensor(torch):
    torch.set_rng_state([1])
