"""torch.autograd.functional: products, Jacobians, Hessians, and what they refuse."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _values(torch, values, grad=False):
    return torch.tensor(values, dtype=torch.float64, requires_grad=grad)


def _point(torch, grad=False):
    return _values(torch, [[0.5, -1.0], [2.0, 0.25]], grad)


def _two(torch, grad=False):
    return _values(torch, [1.0, 2.0], grad), _values(torch, [3.0, -1.0], grad)


def _exp_sum(x):
    return x.exp().sum(1)


def _mixed(x, y):
    """Two outputs of two inputs."""
    return x * y + x, (x * x).sum() * y


def _cubes(x):
    return (x ** 3).sum()


def _scalar_of_two(x, y):
    return (x * x * y).sum() + (y ** 3).sum()


def _flat(results):
    """Nested tuples of tensors as a list, with what can be asked of a result's history."""
    if isinstance(results, tuple):
        return [item for part in results for item in _flat(part)]
    return [results, results.requires_grad]


PRODUCTS = {
    "vjp": lambda f, t, x, **k: f.vjp(_exp_sum, x, _values(t, [1.0, -2.0]), **k),
    "jvp": lambda f, t, x, **k: f.jvp(_exp_sum, x, t.ones(2, 2, dtype=t.float64), **k),
    "vhp": lambda f, t, x, **k: f.vhp(_cubes, x, _point(t), **k),
    "hvp": lambda f, t, x, **k: f.hvp(_cubes, x, _point(t), **k),
    "jacobian": lambda f, t, x, **k: f.jacobian(_exp_sum, x, **k),
    "hessian": lambda f, t, x, **k: f.hessian(_cubes, x, **k),
}


def _run(name, grad, **options):
    def run(torch):
        x = _point(torch, grad)
        return _flat(PRODUCTS[name](torch.autograd.functional, torch, x, **options))
    return run


for _name in PRODUCTS:
    program.add(f"{_name}_plain", _run(_name, False))
    program.add(f"{_name}_of_a_leaf", _run(_name, True))
    program.add(f"{_name}_create_graph", _run(_name, True, create_graph=True))
    program.add(f"{_name}_strict", _run(_name, False, strict=True))
    program.add(f"{_name}_strict_create_graph", _run(_name, True, strict=True, create_graph=True))


def _under_no_grad(name):
    def run(torch):
        with torch.no_grad():
            return _flat(PRODUCTS[name](torch.autograd.functional, torch, _point(torch)))
    return run


def _differentiated(name):
    """The result's own derivative."""
    def run(torch):
        x = _point(torch, True)
        results = PRODUCTS[name](torch.autograd.functional, torch, x, create_graph=True)
        last = results[-1] if isinstance(results, tuple) else results
        return list(torch.autograd.grad((last * last).sum(), x))
    return run


for _name in PRODUCTS:
    program.add(f"{_name}_under_no_grad", _under_no_grad(_name))
    program.add(f"{_name}_differentiated", _differentiated(_name))

SEVERAL = {
    "vjp": lambda f, x, y, **k: f.vjp(_mixed, (x, y), (x, y), **k),
    "jvp": lambda f, x, y, **k: f.jvp(_mixed, (x, y), (y, x), **k),
    "vhp": lambda f, x, y, **k: f.vhp(_scalar_of_two, (x, y), (y, x), **k),
    "hvp": lambda f, x, y, **k: f.hvp(_scalar_of_two, (x, y), (y, x), **k),
    "jacobian": lambda f, x, y, **k: f.jacobian(_mixed, (x, y), **k),
    "hessian": lambda f, x, y, **k: f.hessian(_scalar_of_two, (x, y), **k),
}


def _several(name, **options):
    def run(torch):
        return _flat(SEVERAL[name](torch.autograd.functional, *_two(torch, True), **options))
    return run


for _name in SEVERAL:
    program.add(f"{_name}_of_several", _several(_name))
    program.add(f"{_name}_of_several_create_graph", _several(_name, create_graph=True))


@program
def results_are_nested_as_inputs_and_outputs(torch):
    functional = torch.autograd.functional
    x, y = _two(torch)
    nested = functional.jacobian(_mixed, (x, y))
    single_input = functional.jacobian(lambda a: (a, a * 2), x)
    single_output = functional.jacobian(lambda a, b: a * b, (x, y))
    hessian = functional.hessian(_scalar_of_two, (x, y))
    tuple_of_one = functional.jacobian(lambda a: (a * 2,), (x,))
    return [len(nested), len(nested[0]), len(single_input), len(single_output),
            len(hessian), len(hessian[0]), len(tuple_of_one), len(tuple_of_one[0]),
            isinstance(functional.jacobian(lambda a: a, x), tuple)]


@program
def products_of_one_element_need_no_vector(torch):
    functional = torch.autograd.functional
    x = _values(torch, [3.0])
    square = lambda a: (a * a).sum()  # noqa: E731
    return _flat((functional.vjp(square, x), functional.jvp(square, x),
                  functional.vhp(square, x), functional.hvp(square, x)))


@program
def independent_inputs_have_zeros(torch):
    functional = torch.autograd.functional
    x, y = _two(torch)
    return _flat((functional.vjp(lambda a, b: a.sum(), (x, y)),
                  functional.jacobian(lambda a, b: a * 2, (x, y)),
                  functional.hessian(lambda a, b: (a * a).sum(), (x, y)),
                  functional.jvp(lambda a, b: b * 1, (x, y), (x, y)),
                  functional.hvp(lambda a, b: (a ** 3).sum(), (x, y), (x, y)),
                  functional.vhp(lambda a, b: a.sum(), (x, y), (x, y))))


@program
def jacobian_shapes(torch):
    functional = torch.autograd.functional
    x = torch.ones(2, 3, dtype=torch.float64)
    results = [functional.jacobian(f, x) for f in
               (lambda a: a.sum(), lambda a: a.sum(0), lambda a: a.t(), lambda a: a[0, 1])]
    return [list(item.shape) for item in results] + results[2:]


@program
def jacobian_of_an_empty_input(torch):
    x = torch.ones(0, 2, dtype=torch.float64)
    return [torch.autograd.functional.jacobian(lambda a: a.sum(), x)]


@program
def captured_tensor_does_not_count_as_input(torch):
    x = _values(torch, [1.0, 2.0], True)
    return _flat(torch.autograd.functional.vjp(lambda a: (a * x).sum(), x))


@program
def hessian_of_a_linear_function(torch):
    x = _values(torch, [1.0, 2.0])
    return [torch.autograd.functional.hessian(lambda a: a.sum(), x)]


@program
def inputs_keep_their_state(torch):
    x = _values(torch, [1.0, 2.0], True)
    torch.autograd.functional.hessian(_cubes, x)
    return [x.requires_grad, x.grad is None, x._version]


# ---- what is refused

def _refused(call):
    return lambda torch: call(torch.autograd.functional, torch, *_two(torch))


REFUSALS = {
    "input_is_no_tensor": lambda f, t, x, y: f.vjp(_exp_sum, 3),
    "inputs_are_a_list": lambda f, t, x, y: f.jacobian(_exp_sum, [x]),
    "one_input_is_no_tensor": lambda f, t, x, y: f.jacobian(_mixed, (x, "a")),
    "output_is_no_tensor": lambda f, t, x, y: f.jacobian(lambda a: 7, x),
    "one_output_is_no_tensor": lambda f, t, x, y: f.hessian(lambda a: (a, None), x),
    "vector_is_no_tensor": lambda f, t, x, y: f.vjp(lambda a: a * a, x, "v"),
    "vector_missing_for_vjp": lambda f, t, x, y: f.vjp(lambda a: a * a, x),
    "vector_missing_for_jvp": lambda f, t, x, y: f.jvp(lambda a: a * a, x),
    "vector_missing_for_vhp": lambda f, t, x, y: f.vhp(_cubes, x),
    "vector_missing_for_hvp": lambda f, t, x, y: f.hvp(_cubes, x),
    "vector_of_another_size": lambda f, t, x, y: f.vjp(lambda a: a * a, x, t.ones(3)),
    "vector_of_another_size_in_tuple": lambda f, t, x, y: f.jvp(_mixed, (x, y), (x, t.ones(3))),
    "vector_of_another_length": lambda f, t, x, y: f.jvp(_mixed, (x, y), (x, y, y)),
    "vector_tuple_for_one_input": lambda f, t, x, y: f.jvp(lambda a: a * a, x, (x, y)),
    "hessian_of_many_elements": lambda f, t, x, y: f.hessian(lambda a: a * a, x),
    "hessian_of_several_outputs": lambda f, t, x, y: f.hessian(lambda a: (a.sum(),), x),
    "vhp_of_many_elements": lambda f, t, x, y: f.vhp(lambda a: a * a, x, x),
    "vhp_of_several_outputs": lambda f, t, x, y: f.vhp(lambda a: (a.sum(),), x, x),
    "hvp_of_many_elements": lambda f, t, x, y: f.hvp(lambda a: a * a, x, x),
    "hvp_of_several_outputs": lambda f, t, x, y: f.hvp(lambda a: (a.sum(),), x, x),
    "integer_input": lambda f, t, x, y: f.jacobian(lambda a: a, t.ones(2, dtype=t.int64)),
    "unknown_strategy": lambda f, t, x, y: f.jacobian(_cubes, x, strategy="sideways"),
    "strict_constant_output": lambda f, t, x, y: f.vjp(lambda a: t.ones(1), x, t.ones(1),
                                                      strict=True),
    "strict_constant_jvp": lambda f, t, x, y: f.jvp(lambda a: t.ones(1), x, x, strict=True),
    "strict_constant_hessian": lambda f, t, x, y: f.hessian(lambda a: t.ones(()), x, strict=True),
    "strict_independent_vjp": lambda f, t, x, y: f.vjp(lambda a, b: a.sum(), (x, y), strict=True),
    "strict_independent_jvp": lambda f, t, x, y: f.jvp(lambda a, b: a * 1, (x, y), (x, y),
                                                      strict=True),
    "strict_independent_jacobian": lambda f, t, x, y: f.jacobian(lambda a, b: a * 1, (x, y),
                                                                strict=True),
    "strict_linear_hessian": lambda f, t, x, y: f.hessian(lambda a: a.sum(), x, strict=True),
    "strict_linear_vhp": lambda f, t, x, y: f.vhp(lambda a: a.sum(), x, x, strict=True),
    "strict_linear_hvp": lambda f, t, x, y: f.hvp(lambda a: a.sum(), x, x, strict=True),
    "strict_linear_jvp": lambda f, t, x, y: f.jvp(lambda a: a.clone(), x, x, strict=True),
    "strict_graph_of_linear": lambda f, t, x, y: f.jacobian(
        lambda a: a.clone(), x.requires_grad_(), strict=True, create_graph=True),
    "strict_graph_of_quadratic_hessian": lambda f, t, x, y: f.hessian(
        lambda a: (a * a).sum(), x.requires_grad_(), strict=True, create_graph=True),
    "strict_graph_of_linear_vjp": lambda f, t, x, y: f.vjp(
        lambda a: a.sum(), x.requires_grad_(), strict=True, create_graph=True),
    "strict_with_vectorize": lambda f, t, x, y: f.jacobian(_cubes, x, strict=True, vectorize=True),
    "error_of_the_function": lambda f, t, x, y: f.jacobian(lambda a: a.view(3), x),
    "exception_of_the_function": lambda f, t, x, y: f.jacobian(lambda a: {}["key"], x),
}

for _name, _call in REFUSALS.items():
    program.add(f"refused_{_name}", _refused(_call))
