"""Bad calls raise PyTorch's exceptions, with its words, and change nothing."""

import pytest

MESSAGES = {
    "torch.exp()": 'exp() missing 1 required positional arguments: "input"',
    "torch.exp(x, x)": "exp() takes 1 positional argument but 2 were given",
    "torch.exp(x, foo=1)": "exp() got an unexpected keyword argument 'foo'",
    "torch.exp(2)": "exp(): argument 'input' (position 1) must be Tensor, not int",
    "x.exp(1)": "TensorBase.exp() takes no arguments (1 given)",
    "x.transpose(0)": 'transpose() missing 1 required positional arguments: "dim1"',
    "x.transpose(0, 1, 2)": "transpose() takes 2 positional arguments but 3 were given",
    "x.transpose(0, 1.5)": "transpose(): argument 'dim1' (position 2) must be int, not float",
    "x.sum('a')": "sum() received an invalid combination of arguments - got (str), but expected",
    "x.sum(0, 1)": "sum(): argument 'keepdim' (position 2) must be bool, not int",
    "x.max('a')": "max() received an invalid combination of arguments - got (str), but expected",
    "torch.max(2)": "max(): argument 'input' (position 1) must be Tensor, not int",
    "torch.add(x, None)": "add(): argument 'other' (position 2) must be Tensor, not NoneType",
    "torch.maximum(x, 1.0)": "maximum(): argument 'other' (position 2) must be Tensor, not float",
    "torch.eq(2, 2)": "eq() received an invalid combination of arguments - got (int, int), but",
    "torch.equal(x, 2)": "equal(): argument 'other' (position 2) must be Tensor, not int",
    "torch.zeros('a')": "zeros(): argument 'size' (position 1) must be tuple of ints, not str",
    "torch.zeros()": 'zeros() missing 1 required positional arguments: "size"',
    "torch.zeros(2.0)": "zeros(): argument 'size' (position 1) must be tuple of ints, not float",
    "torch.zeros(True)": "zeros(): argument 'size' (position 1) must be tuple of ints, not bool",
    "torch.cat(x)": "cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor",
    "torch.cat([x, 1])": "expected Tensor as element 1 in argument 0, but got int",
    "torch.reshape(x, 2)": "reshape(): argument 'shape' (position 2) must be tuple of ints",
    "torch.full((2,), 'a')": "full(): argument 'fill_value' (position 2) must be Number, not str",
    "x.size('a')": "size(): argument 'dim' (position 1) must be int, not str",
    "x.requires_grad_('a')": "requires_grad_(): argument 'requires_grad' (position 1) must be bool",
    "torch.softmax(x)": 'softmax() missing 1 required positional arguments: "dim"',
}


@pytest.mark.parametrize("call", MESSAGES)
def test_wrong_arguments(torch, call):
    with pytest.raises(TypeError) as raised:
        eval(call, {"torch": torch, "x": torch.zeros(2)})
    assert MESSAGES[call] in str(raised.value)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("torch.zeros(2, 3) + torch.zeros(4)", RuntimeError, "must match the size of tensor b"),
        ("torch.zeros(2).view(3)", RuntimeError, "is invalid for input of size 2"),
        ("torch.zeros(2).sum(5)", IndexError, "Dimension out of range"),
        ("torch.zeros(2).size(5)", IndexError, "Dimension out of range"),
        ("torch.zeros(2) + 2**70", OverflowError, "int too big to convert"),
        ("torch.zeros(2).select(2**70, 0)", RuntimeError, "Overflow when unpacking long long"),
        ("torch.tensor([1]).add_(1.5)", RuntimeError, "can't be cast to the desired output type"),
        ("torch.set_num_threads(0)", RuntimeError, "expects a positive integer"),
        ("torch.set_num_threads('a')", RuntimeError, "expects an int, but got str"),
    ],
)
def test_errors_of_the_library(torch, call, error, message):
    with pytest.raises(error, match=message):
        eval(call, {"torch": torch})


def test_no_memory(torch):
    with pytest.raises(RuntimeError):
        torch.empty(2**45, dtype=torch.uint8)
    assert issubclass(torch.OutOfMemoryError, RuntimeError)


def test_failed_calls_change_nothing(torch):
    x, y = torch.arange(3), torch.zeros(2, 3)
    for attempt in (
        lambda: x.add_(1.5),
        lambda: torch.add(y, y, out=x),
        lambda: y.copy_(torch.ones(5)),
        lambda: y.view(7),
    ):
        with pytest.raises(RuntimeError):
            attempt()
    assert x.tolist() == [0, 1, 2]
    assert (x._version, y._version) == (0, 0)


def test_released_handles_are_refused(torch):
    from libtensor._errors import check
    from libtensor._library import native

    x = torch.zeros(1)
    check(native.release(x._handle))
    with pytest.raises(RuntimeError):
        x + 1
    with pytest.raises(RuntimeError):
        x.dim()
