"""Python's operators, and the operations behind them in all their forms."""

import math

import pytest


def test_with_tensors_and_numbers(torch):
    a, b = torch.tensor([4.0, 9.0]), torch.tensor([2.0, 3.0])
    assert (a + b).tolist() == [6, 12]
    assert (a - b).tolist() == [2, 6]
    assert (a * b).tolist() == [8, 27]
    assert (a / b).tolist() == [2, 3]
    assert (a**b).tolist() == [16, 729]
    assert (a + 1).tolist() == (1 + a).tolist() == [5, 10]
    assert (a - 1).tolist() == [3, 8]
    assert (10 - a).tolist() == [6, 1]
    assert (a * 2).tolist() == (2 * a).tolist() == [8, 18]
    assert (a / 2).tolist() == [2, 4.5]
    assert (36 / a).tolist() == pytest.approx([9, 4])
    assert (a**2).tolist() == [16, 81]
    assert (2**b).tolist() == [4, 8]
    assert (-a).tolist() == [-4, -9]
    assert abs(-a).tolist() == [4, 9]
    assert (+a) is a


def test_comparisons(torch):
    a = torch.tensor([1, 2, 3])
    assert (a == 2).tolist() == [False, True, False]
    assert (a != 2).tolist() == [True, False, True]
    assert (2 > a).tolist() == [True, False, False]
    assert (a >= torch.tensor([3, 2, 1])).tolist() == [False, True, True]
    assert (a == None) is False  # noqa: E711
    assert (a != None) is True  # noqa: E711
    assert (a == "a") is False


def test_matrix_product(torch):
    a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert (a @ a).tolist() == [[7, 10], [15, 22]]
    with pytest.raises(TypeError, match="unsupported operand"):
        a @ 2


def test_in_place_keeps_the_object(torch):
    a = torch.tensor([1.0, 2.0])
    same = a
    a += 1
    a *= torch.tensor([2.0, 3.0])
    a -= 0.5
    a /= 0.5
    a **= 2
    assert a is same
    assert a.tolist() == [49, 289]


def test_unknown_operands(torch):
    a = torch.zeros(1)
    for text in ("a + 'x'", "a - None", "'x' + a", "a ** None", "a < 'x'", "a @ None"):
        with pytest.raises(TypeError, match="not supported|unsupported operand|can only concat"):
            eval(text, {"a": a})


def test_numbers_keep_the_dtype_unless_their_kind_is_higher(torch):
    a = torch.tensor([1, 2], dtype=torch.int8)
    assert (a + 1).dtype is torch.int8
    assert (a + 1.5).dtype is torch.float32
    assert (a.to(torch.float16) * 2.5).dtype is torch.float16
    assert (torch.tensor([True]) + 1).dtype is torch.int64


def test_alpha(torch):
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    assert torch.add(a, b, alpha=2).tolist() == [7, 10]
    assert a.sub(b, alpha=2).tolist() == [-5, -6]
    assert torch.add(a, 3, alpha=2).tolist() == [7, 8]
    assert a.clone().sub_(3, alpha=2).tolist() == [-5, -4]
    assert torch.add(2, a).tolist() == [3, 4]
    with pytest.raises(RuntimeError, match="must not be a floating point number"):
        torch.add(torch.tensor([1]), 3, alpha=0.5)


def test_function_method_and_in_place_agree(torch):
    a = torch.tensor([1.0, 4.0])
    assert torch.sqrt(a).tolist() == a.sqrt().tolist() == [1, 2]
    assert torch.sqrt(input=a).tolist() == [1, 2]
    assert a.sqrt_() is a
    assert a.tolist() == [1, 2]


def test_dims_in_every_form(torch):
    x = torch.arange(24.0).view(2, 3, 4)
    total = float(sum(range(24)))
    assert x.sum().item() == x.sum(dim=None).item() == x.sum(()).item() == total
    assert x.sum(0).shape == (3, 4)
    assert x.sum((0, 2)).shape == x.sum([0, -1]).shape == (3,)
    assert x.sum(1, keepdim=True).shape == x.sum(1, True).shape == (2, 1, 4)
    assert torch.sum(x, dim=(0, 1, 2)).item() == total
    assert torch.sum(x, axis=0, keepdims=True).shape == (1, 3, 4)


def test_shapes_in_every_form(torch):
    x = torch.arange(6)
    for y in (x.view(2, 3), x.view((2, 3)), x.view([2, -1]), x.view(torch.Size([2, 3]))):
        assert y.shape == (2, 3)
    assert torch.reshape(x, (3, 2)).shape == (3, 2)
    assert x.view(2, 3).permute(1, 0).shape == x.view(2, 3).permute((1, 0)).shape == (3, 2)
    assert torch.zeros(2, 3).shape == torch.zeros((2, 3)).shape == torch.zeros(size=(2, 3)).shape
    assert torch.zeros(torch.tensor(2), 3).shape == (2, 3)
    assert torch.zeros(()).shape == ()


def test_dtype_keyword_converts_first(torch):
    x = torch.tensor([100, 100], dtype=torch.int8)
    assert x.sum().dtype is torch.int64
    assert x.sum(dtype=torch.float64).dtype is torch.float64
    assert x.sum(dtype=torch.int8).item() == -56
    assert x.float().softmax(0, torch.float64).dtype is torch.float64
    assert torch.mean(x, dtype=torch.float32).item() == 100
    assert x.sum(dtype=float).dtype is torch.float64
    with pytest.raises(RuntimeError, match="Autograd not support dtype: Long"):
        torch.ones(2, requires_grad=True).sum(dtype=torch.int64)


def test_out(torch):
    x, out = torch.tensor([1.0, 4.0]), torch.empty(0)
    assert torch.sqrt(x, out=out) is out
    assert out.tolist() == [1, 2]
    values, indices = torch.empty(0), torch.empty(0, dtype=torch.int64)
    found = torch.max(torch.tensor([[1.0, 5.0], [7.0, 2.0]]), 1, out=(values, indices))
    assert found.values is values
    assert indices.tolist() == [1, 0]
    with pytest.raises(TypeError, match="argument 'out' must be Tensor, not int"):
        torch.sqrt(x, out=3)


def test_results_with_names(torch):
    x = torch.tensor([[1.0, 5.0], [7.0, 2.0]])
    result = x.max(1)
    values, indices = x.min(dim=0)
    assert result.values.tolist() == [5, 7]
    assert result.indices.tolist() == [1, 0]
    assert values.tolist() == [1, 2]
    assert repr(result).startswith("torch.return_types.max(\nvalues=tensor([5., 7.]),\nindices=")
    assert torch.max(x).item() == 7
    assert torch.max(x, torch.full((2, 2), 3.0)).tolist() == [[3, 5], [7, 3]]


def test_rounded_division(torch):
    a = torch.tensor([7, -7])
    assert torch.div(a, 2, rounding_mode="floor").tolist() == [3, -4]
    assert a.div(torch.tensor(2), rounding_mode="trunc").tolist() == [3, -3]
    assert a.div(2, rounding_mode=None).tolist() == [3.5, -3.5]
    assert (a // 2).tolist() == [3, -4]
    assert (a % 4).tolist() == [3, 1]
    assert a.div_(2, rounding_mode="floor") is a
    with pytest.raises(RuntimeError, match="expected rounding_mode to be one of None, 'trunc'"):
        torch.div(a, 2, rounding_mode="up")
    with pytest.raises(TypeError, match="unexpected keyword argument 'rounding_mode'"):
        torch.mul(a, 2, rounding_mode="floor")


def test_masks(torch):
    a, b = torch.tensor([True, False, True]), torch.tensor([True, True, False])
    assert (a & b).tolist() == [True, False, False]
    assert (a | b).tolist() == [True, True, True]
    assert (a ^ b).tolist() == [False, True, True]
    assert (~a).tolist() == [False, True, False]


def test_where(torch):
    c = torch.tensor([True, False])
    assert torch.where(c, 1, 2).tolist() == [1, 2]
    assert torch.where(c, torch.tensor([1, 2]), 0.5).tolist() == [1, 0.5]
    assert torch.tensor([5, 6]).where(c, torch.tensor(0)).tolist() == [5, 0]


def test_bool_results(torch):
    a = torch.tensor([1.0, math.nan])
    assert torch.equal(a, a) is False
    assert torch.allclose(a, a, equal_nan=True) is True
    assert torch.allclose(torch.ones(2), torch.ones(2) + 1e-3, atol=1e-2) is True


def test_aliases_of_the_table(torch):
    a, b = torch.tensor([6.0]), torch.tensor([3.0])
    assert torch.subtract(a, b).item() == a.subtract(b).item() == 3
    assert torch.true_divide(a, b).item() == torch.divide(a, b).item() == 2
    assert torch.cat([a, b]).tolist() == torch.concat((a, b)).tolist() == [6, 3]


DIVISIONS = ["remainder", "floor_divide", "trunc", "floor"]


def divide(torch, how, a, b):
    if how in ("trunc", "floor"):
        return torch.div(a, b, rounding_mode=how)
    return getattr(torch, how)(a, b)


@pytest.mark.parametrize("how", DIVISIONS)
@pytest.mark.parametrize(
    ("dtype", "divisor"),
    [("uint8", 256), ("int8", 256), ("int16", 1 << 16), ("int32", 1 << 32), ("int64", 0)],
)
def test_a_divisor_that_becomes_zero_in_the_dtype(torch, at_once, how, dtype, divisor):
    """It is an error and no signal, as a number and as a tensor without dims."""
    a = torch.tensor([7, -8], dtype=torch.int64).to(getattr(torch, dtype))
    for b in (divisor, torch.tensor(divisor, dtype=torch.int64)):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            divide(torch, how, a, b)
        assert divide(torch, how, a[:0], b).shape == (0,)  # nothing is divided


@pytest.mark.parametrize("how", DIVISIONS)
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_the_least_integer_by_minus_one_wraps_around(torch, how, dtype):
    least = {"int8": -(2**7), "int16": -(2**15), "int32": -(2**31), "int64": -(2**63)}[dtype]
    a = torch.tensor([least], dtype=getattr(torch, dtype))
    expected = [0] if how == "remainder" else [least]
    assert divide(torch, how, a, -1).tolist() == expected
    assert divide(torch, how, a, torch.tensor([-1], dtype=a.dtype)).tolist() == expected


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_floor_division_of_the_finite_by_infinities(torch, dtype):
    """It is -1 where the signs differ, in every form; PyTorch's results."""
    a = torch.tensor([-5.0, 5.0, 0.0]).to(getattr(torch, dtype))
    for sign, expected in ((1, [-1, 0, 0]), (-1, [0, -1, 0])):
        infinity = sign * math.inf
        for b in (infinity, torch.tensor(infinity), torch.full((3,), infinity, dtype=a.dtype)):
            assert (a // b).tolist() == expected
            assert torch.div(a, b, rounding_mode="floor").tolist() == expected
            assert a.clone().floor_divide_(b).tolist() == expected
        strided = torch.stack([a, a], 1)[:, 0]
        assert (strided // infinity).tolist() == expected


def test_fill_where_elements_share_memory(torch):
    assert torch.zeros(3).expand(2, 3).fill_(2.0).tolist() == [[2.0] * 3] * 2
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.zeros(3).expand(2, 3).fill_(torch.tensor(3.0))
    y = torch.zeros(3).expand(2, 3)
    y[:, 1] = 2.0
    assert y.tolist() == [[0, 2, 0]] * 2
