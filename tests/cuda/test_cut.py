"""Calls of more elements than a kernel numbers: cut into several, they give the same results.

The emulator lets a few elements be too many, so that 2^31 of them are not needed.
"""

import pytest

LIMITS = [1, 5, 16]


@pytest.fixture(params=LIMITS, autouse=True)
def limit(request, emulator):
    """How many elements a kernel takes."""
    emulator.cuda_emulator_set_max_kernel_elements(request.param)


def numbers(torch, *shape, dtype="float32"):
    count = 1
    for size in shape:
        count *= size
    flat = torch.tensor([(37 * i) % 101 - 50 for i in range(count)], dtype=torch.float32)
    return flat.view(shape).to(getattr(torch, dtype))


def whole(torch, *values):
    return torch.tensor(values, dtype=torch.int64)


def indices(torch):
    return whole(torch, [2, 0, 1, 2], [0, 0, 2, 1], [1, 1, 1, 0])


CALLS = {
    "add": lambda t, x: x + x.t().contiguous().t(),
    "expanded": lambda t, x: x[:, :1].expand(3, 4) * 2,
    "gather": lambda t, x: x.gather(0, indices(t).to(x.device)),
    "gather_last": lambda t, x: x.t().gather(1, indices(t).to(x.device).t()),
    "gather_expanded": lambda t, x: x.unsqueeze(0).expand(3, 3, 4).gather(
        2, whole(t, [[1], [2], [3]], [[0], [1], [0]]).to(x.device)
    ),
    "scatter": lambda t, x: x.scatter(0, indices(t).to(x.device), x * 2),
    "scatter_add": lambda t, x: x.scatter_add(1, indices(t).to(x.device), x * 2),
    "index_select": lambda t, x: x.index_select(1, whole(t, 3, 0, 3).to(x.device)),
    "index_select_scalar": lambda t, x: x[0, 1].index_select(0, whole(t, 0).to(x.device)),
    "index_add": lambda t, x: x.index_add(1, whole(t, 1, 1, 3).to(x.device), x[:, 1:]),
    "softmax": lambda t, x: x.softmax(1),
    "softmax_first": lambda t, x: x.log_softmax(0),
    "sum": lambda t, x: x.sum(),
    "sum_first": lambda t, x: x.sum(0),
    "mean": lambda t, x: x.mean(1),
    "mean_of_all": lambda t, x: x.mean(),
    "amax": lambda t, x: x.amax(0),
    "argmax": lambda t, x: x.argmax(),
    "argmin": lambda t, x: x.argmin(1),
    "argmin_of_equals": lambda t, x: (x * 0).argmin(),
    "max": lambda t, x: t.max(x, 1)[1],
    "min": lambda t, x: t.min(x.t(), 1)[0],
    "any": lambda t, x: (x > 48).any(1),
    "all": lambda t, x: (x > -50).all(),
    "none": lambda t, x: x[:0].sum(1),
    "of_none": lambda t, x: x[:, :0].sum(1),
    "nll_loss": lambda t, x: t.nn.functional.nll_loss(
        x, whole(t, 3, 0, 1).to(x.device), reduction="none"
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_are_those_of_the_cpu(torch, name):
    x = numbers(torch, 3, 4)
    expected = CALLS[name](torch, x)
    result = CALLS[name](torch, x.to("cuda"))
    assert result.shape == expected.shape
    assert result.cpu().flatten().tolist() == pytest.approx(expected.flatten().tolist(), abs=1e-5)


@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("how", ["sum", "argmax", "softmax"])
def test_three_dims(torch, how, dim):
    x = numbers(torch, 3, 4, 5)
    expected = getattr(x, how)(dim).flatten().tolist()
    assert getattr(x.to("cuda"), how)(dim).cpu().flatten().tolist() == pytest.approx(expected)


def test_backward(torch):
    def grads(device):
        x = numbers(torch, 3, 4).to(device).requires_grad_(True)
        weight = torch.tensor([1.0, 2.0, 0.5, 1.5], device=device)
        target = whole(torch, 3, -100, 1).to(device)
        loss = torch.nn.functional.cross_entropy(x, target, weight)
        (loss + (x.softmax(0) ** 2).sum()).backward()
        return x.grad.cpu().flatten().tolist()

    assert grads("cuda") == pytest.approx(grads("cpu"), abs=1e-5)


def test_a_bad_index_in_a_later_piece(torch):
    x = numbers(torch, 3, 4).to("cuda")
    bad = whole(torch, [0, 1, 2, 0], [0, 1, 2, 0], [0, 1, 2, 5]).to("cuda")
    x.gather(0, bad)
    with pytest.raises(RuntimeError, match="index 5 is out of bounds"):
        torch.cuda.synchronize()
    torch.cuda.check_at_once()
    try:
        with pytest.raises(RuntimeError, match="index 5 is out of bounds"):
            x.gather(0, bad)
    finally:
        torch.cuda.check_at_once(False)
