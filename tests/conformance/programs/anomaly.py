"""torch.autograd.detect_anomaly and set_detect_anomaly."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaf(torch, values=(0.0, 1.0)):
    return torch.tensor(values, requires_grad=True)


def _nan_of(function):
    """Backward through `function` where its derivative is NaN."""
    def run(torch):
        x = _leaf(torch)
        with torch.autograd.detect_anomaly():
            function(torch, x).sum().backward()
        return [x.grad]
    return run


NANS = {
    "sqrt": lambda t, x: x.sqrt() * 0,
    "log": lambda t, x: x.log() * 0,
    "pow": lambda t, x: (x ** 0.5) * 0,
    "div": lambda t, x: (1 / x) * 0,
    "div_second_input": lambda t, x: (x * 0) / x,
    "after_views": lambda t, x: x.view(2, 1).sqrt().t() * 0,
    "in_place": lambda t, x: (x * 1).sqrt_() * 0,
    "in_place_on_a_view": lambda t, x: _sqrt_of_first(x) * 0,
    "none": lambda t, x: x * 2,
    "infinite": lambda t, x: x.sqrt(),
    "nan_in_forward_only": lambda t, x: (x / 0) * 1,
    "nan_times_input": lambda t, x: x * float("nan"),
}


def _sqrt_of_first(x):
    y = x * 1
    y[0].sqrt_()
    return y


for _name, _function in NANS.items():
    program.add(f"nan_of_{_name}", _nan_of(_function))


@program
def nan_is_found_while_unchecked(torch):
    x = _leaf(torch)
    with torch.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).sum().backward()
    return [x.grad]


@program
def nan_in_grad(torch):
    x = _leaf(torch)
    with torch.autograd.detect_anomaly():
        return list(torch.autograd.grad((x.sqrt() * 0).sum(), x))


@program
def nan_in_the_second_derivative(torch):
    x = _leaf(torch, [0.0])
    with torch.autograd.detect_anomaly():
        first, = torch.autograd.grad((x ** 1.5).sum(), x, create_graph=True)
        return [first, *torch.autograd.grad((first * 0).sum(), x)]


@program
def nan_in_the_gradient_given(torch):
    x = _leaf(torch)
    with torch.autograd.detect_anomaly():
        (x * 2).backward(torch.tensor([float("nan"), 1.0]))


@program
def graph_of_before(torch):
    x = _leaf(torch)
    y = (x.sqrt() * 0).sum()
    with torch.autograd.detect_anomaly():
        y.backward()


@program
def graph_of_inside_run_outside(torch):
    x = _leaf(torch)
    with torch.autograd.detect_anomaly():
        y = (x.sqrt() * 0).sum()
    y.backward()
    return [x.grad]


@program
def settings(torch):
    seen = [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
    with torch.autograd.detect_anomaly(check_nan=False):
        seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
        with torch.autograd.set_detect_anomaly(True):
            seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
        with torch.autograd.set_detect_anomaly(False):
            seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
    seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
    return seen


@program
def setting_as_a_function(torch):
    torch.autograd.set_detect_anomaly(True, check_nan=False)
    inside = [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
    torch.autograd.set_detect_anomaly(False)
    return [*inside, torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]


@program
def settings_after_an_error(torch):
    try:
        with torch.autograd.detect_anomaly():
            raise KeyError("x")
    except KeyError:
        return [torch.is_anomaly_enabled()]


@program
def saved_tensor_changed(torch):
    x = _leaf(torch)
    with torch.autograd.detect_anomaly():
        y = x.exp()
        y.add_(1)
        y.sum().backward()


@program
def freed_graph(torch):
    x = _leaf(torch)
    with torch.autograd.detect_anomaly():
        y = (x * x).sum()
        y.backward()
        y.backward()
