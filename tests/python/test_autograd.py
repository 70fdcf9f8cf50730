"""Gradients from Python."""

import pytest


def test_first_steps(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    out = (y * y * 3).mean()
    out.backward()
    assert x.grad.tolist() == [[4.5, 4.5], [4.5, 4.5]]
    assert x.grad_fn is None
    assert out.grad_fn.name() == "MeanBackward0"
    assert type(y.grad_fn).__name__ == "AddBackward0"
    assert repr(y.grad_fn).startswith("<AddBackward0 object at 0x")
    assert x.is_leaf and not y.is_leaf


def test_grad_adds_up_and_can_be_set(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        (x * x).sum().backward()
    assert x.grad.tolist() == [4, 8]
    x.grad.zero_()
    assert x.grad.tolist() == [0, 0]
    x.grad = torch.ones(2)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [4, 4]
    x.grad = None
    assert x.grad is None
    with pytest.raises(TypeError, match="expected to be a Tensor or None but got grad of type"):
        x.grad = 1.0


def test_backward_options(torch):
    x = torch.tensor([2.0], requires_grad=True)
    y = x**3
    y.backward(torch.tensor([10.0]), retain_graph=True)
    assert x.grad.item() == 120
    y.backward(gradient=torch.tensor([1.0]))
    assert x.grad.item() == 132
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got str"):
        (x * 2).backward("a")


def test_backward_to_some_inputs(torch):
    a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    (a * b * 3).backward(inputs=[a])
    assert a.grad.item() == 3
    assert b.grad is None


def test_backward_of_several(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    shared = x.exp()
    torch.autograd.backward([shared.sum(), shared * 2], [None, torch.tensor([1.0, 0.0])])
    assert torch.allclose(x.grad, torch.tensor([3.0, 1.0]) * x.detach().exp())


def test_grad(torch):
    x, unused = torch.tensor([3.0], requires_grad=True), torch.ones(1, requires_grad=True)
    (first,) = torch.autograd.grad(x**3, x, create_graph=True)
    (second,) = torch.autograd.grad(first, [x])
    assert (first.item(), second.item()) == (27, 18)
    assert x.grad is None
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        torch.autograd.grad(x.sum(), [unused])
    assert torch.autograd.grad(x.sum(), [unused], allow_unused=True) == (None,)
    (zeros,) = torch.autograd.grad(x.sum(), [unused], materialize_grads=True)
    assert zeros.tolist() == [0]
    with pytest.raises(RuntimeError, match="`inputs` argument to `grad\\(\\)` cannot be empty"):
        torch.autograd.grad(x.sum(), [])


def test_modes(torch):
    x = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)

    @torch.no_grad()
    def one(value):
        return value * 2

    @torch.no_grad
    def other(value):
        return value * 2

    @torch.set_grad_enabled(False)
    def third(value):
        return value * 2

    assert not one(x).requires_grad and not other(x).requires_grad and not third(x).requires_grad
    assert torch.is_grad_enabled()
    assert one.__name__ == "one"
    with pytest.raises(KeyError), torch.no_grad():
        raise KeyError
    assert torch.is_grad_enabled()


def test_leaves(torch):
    x = torch.zeros(2)
    assert x.requires_grad_() is x
    x.requires_grad = False
    assert not x.requires_grad
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype"):
        torch.zeros(2, dtype=torch.int64).requires_grad_()
    y = x.requires_grad_() * 2
    with pytest.raises(RuntimeError, match="only change requires_grad flags of leaf variables"):
        y.requires_grad_(False)
    assert not y.detach().requires_grad
    assert y.detach_() is y and y.is_leaf
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.add_(1)


def test_data_is_not_followed(torch):
    x = torch.ones(2, requires_grad=True)
    x.data.mul_(3)
    assert x.tolist() == [3, 3]
    x.data = torch.tensor([5.0, 6.0])
    assert x.tolist() == [5, 6]


def test_training(torch):
    torch.manual_seed(0)
    functional = torch.nn.functional
    x, target = torch.randn(64, 3), torch.zeros(64, dtype=torch.int64)
    target[32:] = 1
    x[32:] += 2
    w = torch.zeros(2, 3, requires_grad=True)
    b = torch.zeros(2, requires_grad=True)
    losses = []
    for _ in range(20):
        loss = functional.cross_entropy(functional.linear(x, w, b), target)
        loss.backward()
        with torch.no_grad():
            for parameter in (w, b):
                parameter -= 0.5 * parameter.grad
                parameter.grad.zero_()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
