"""nn.functional: PyTorch's parameters."""

import math

import pytest


@pytest.fixture
def F(torch):
    return torch.nn.functional


def test_softmax(torch, F):
    x = torch.tensor([[0.0, math.log(3.0)]])
    assert F.softmax(x, dim=1).tolist()[0] == pytest.approx([0.25, 0.75])
    assert F.softmax(x, 1, dtype=torch.float64).dtype is torch.float64
    assert F.log_softmax(x, -1).exp().tolist()[0] == pytest.approx([0.25, 0.75])
    with pytest.raises(TypeError, match='softmax\\(\\) missing 1 required positional .*: "dim"'):
        F.softmax(x)


def test_activations(torch, F):
    x = torch.tensor([-1.0, 2.0])
    assert F.relu(x).tolist() == [0, 2]
    assert F.relu(x, inplace=True) is x
    assert x.tolist() == [0, 2]
    assert F.sigmoid(input=torch.zeros(1)).item() == 0.5
    assert F.tanh(torch.zeros(1)).item() == 0


def test_losses(torch, F):
    logits, target = torch.zeros(2, 4), torch.tensor([1, 3])
    assert F.cross_entropy(logits, target).item() == pytest.approx(math.log(4))
    assert F.cross_entropy(logits, target, reduction="none").shape == (2,)
    weight = torch.tensor([1.0, 0.0, 1.0, 1.0])
    assert F.cross_entropy(logits, target, weight, reduction="sum").item() == pytest.approx(
        math.log(4)
    )
    assert F.cross_entropy(logits, target, None, None, 3).item() == pytest.approx(math.log(4))
    assert F.nll_loss(logits - 1, target, ignore_index=1).item() == 1
    one, other = torch.zeros(2), torch.tensor([1.0, 3.0])
    assert F.mse_loss(one, other).item() == 5
    assert F.mse_loss(one, other, reduction="sum").item() == 10
    assert F.mse_loss(one, other, size_average=False).item() == 10
    assert F.mse_loss(one, other, reduce=False).tolist() == [1, 9]
    with pytest.raises(ValueError, match="all is not a valid value for reduction"):
        F.mse_loss(one, other, reduction="all")


def test_linear(torch, F):
    x, w, b = torch.ones(2, 3), torch.full((4, 3), 2.0), torch.ones(4)
    assert F.linear(x, w).tolist() == [[6.0] * 4] * 2
    assert F.linear(x, w, b).tolist() == [[7.0] * 4] * 2
    assert F.linear(x[0], w, b).shape == (4,)
