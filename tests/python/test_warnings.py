"""Warnings: PyTorch's words, at the line that caused them, and errors where a filter says so."""

import warnings

import libtensor as torch
import pytest
from libtensor.nn import functional

BROADCAST = (
    "Using a target size (torch.Size([2])) that is different to the input size "
    "(torch.Size([2, 2])). This will likely lead to incorrect results due to broadcasting. Please "
    "ensure they have the same size."
)
RESIZED = "An output with one or more elements was resized since it had shape [3], which does not "
NO_GRAD = "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. "
CYCLE = "Using backward() with create_graph=True will create a reference cycle"


@pytest.fixture
def heard():
    """The warnings of a test."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


@pytest.fixture
def refused():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def the_one(heard):
    (warning,) = heard
    assert warning.category is UserWarning
    assert warning.filename == __file__
    return str(warning.message)


def test_loss_of_sizes_that_broadcast(heard):
    functional.mse_loss(torch.ones(2, 2), torch.ones(2, 2))
    assert not heard
    loss = functional.mse_loss(torch.ones(2, 2), torch.zeros(2))
    assert the_one(heard) == BROADCAST
    assert loss.item() == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda a, out: torch.add(a, a, out=out),
        lambda a, out: torch.mm(a, a, out=out),
        lambda a, out: torch.cat([a], out=out),
        lambda a, out: torch.softmax(a, 0, out=out),
    ],
)
def test_output_that_is_resized(heard, call):
    a = torch.ones(2, 2)
    call(a, torch.empty(0))
    call(a, torch.empty(2, 2))
    assert not heard
    out = torch.ones(3)
    call(a, out)
    text = the_one(heard)
    assert text.startswith(RESIZED + "match the required output shape [2, 2]. This behavior is")
    assert text.endswith("by resizing it, inplace, to zero elements with t.resize_(0).")
    assert out.shape == (2, 2)


def test_each_output_warns(heard):
    values, indices = torch.ones(3), torch.ones(3, dtype=torch.int64)
    torch.max(torch.ones(2, 2), 0, out=(values, indices))
    assert [str(warning.message)[: len(RESIZED)] for warning in heard] == [RESIZED] * 2


def test_tensors_that_are_only_made_take_any_output(heard):
    torch.zeros((2,), out=torch.ones(3))
    torch.eye(2, out=torch.ones(3))
    assert not heard


def test_grad_that_backward_does_not_fill(heard):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert x.grad is None and torch.ones(2).grad is None
    assert not heard
    assert y.grad is None
    assert the_one(heard).startswith(NO_GRAD)
    y.retain_grad()
    assert y.grad is None
    assert len(heard) == 1


def test_backward_that_makes_a_cycle(heard):
    x = torch.ones(2, requires_grad=True)
    torch.autograd.grad((x * x).sum(), x, create_graph=True)
    (x * x).sum().backward(retain_graph=True)
    assert not heard
    (x * x).sum().backward(create_graph=True)
    assert the_one(heard).startswith(CYCLE)
    x.grad = None


def test_errors_come_out_of_the_call(refused):
    a, out = torch.ones(2, 2), torch.ones(3)
    with pytest.raises(UserWarning, match="Using a target size"):
        functional.mse_loss(a, torch.ones(2))
    with pytest.raises(UserWarning, match="An output with one"):
        torch.add(a, a, out=out)
    assert out.tolist() == [1, 1, 1]
    values, indices = torch.ones(3), torch.ones(3, dtype=torch.int64)
    with pytest.raises(UserWarning, match="An output with one"):
        torch.max(a, 0, out=(values, indices))
    assert (values.tolist(), indices.tolist()) == ([1, 1, 1], [1, 1, 1])
    x = torch.ones(2, requires_grad=True)
    loss = (x * x).sum()
    with pytest.raises(UserWarning, match="reference cycle"):
        loss.backward(create_graph=True)
    assert x.grad is None
    loss.backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(UserWarning, match="not a leaf"):
        _ = loss.grad


def test_once_for_each_line():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("default")
        for _ in range(3):
            functional.mse_loss(torch.ones(2, 2), torch.ones(2))
        functional.mse_loss(torch.ones(2, 2), torch.ones(2))
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: torch.where(torch.ones(2, dtype=torch.uint8), torch.ones(2), torch.ones(2)),
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead.",
        ),
        (lambda: torch.ones(2, 2, 2).T, "The use of `x.T` on tensors of dimension other than 2 to"),
        (lambda: torch.ones(()).T, "Tensor.T is deprecated on 0-D tensors. This function is the"),
        (
            lambda: float(torch.ones(1, requires_grad=True)),
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected",
        ),
        (
            lambda: functional.mse_loss(torch.ones(2), torch.ones(2), reduce=False),
            "size_average and reduce args will be deprecated, please use reduction='none' instead.",
        ),
    ],
)
def test_what_is_deprecated(heard, call, text):
    call()
    assert the_one(heard).startswith(text)


def test_what_is_not(heard):
    torch.where(torch.ones(2) > 0, torch.ones(2), torch.ones(2))
    assert (torch.ones(2, 3).T.shape, torch.ones(2).T.shape) == ((3, 2), (2,))
    assert (float(torch.ones(1)), int(torch.ones(1, requires_grad=True))) == (1, 1)
    assert not heard
