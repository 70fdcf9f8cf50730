"""Tensors from data; dtype, device and Size."""

import copy

import pytest


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (3, "int64"),
        (2.5, "float32"),
        (True, "bool"),
        ([1, 2.5], "float32"),
        ([True, 2], "int64"),
        ([[1, 2], [3, 4]], "int64"),
        (((1.0,), (2.0,)), "float32"),
        ([], "float32"),
        ([[], []], "float32"),
        (range(4), "int64"),
    ],
)
def test_inferred_dtypes(torch, data, dtype):
    x = torch.tensor(data)
    assert x.dtype is getattr(torch, dtype)
    if not isinstance(data, (tuple, range)):
        assert x.tolist() == data


def test_tensors_among_the_data(torch):
    x = torch.tensor([torch.tensor(1.5), 2])
    assert x.tolist() == [1.5, 2]
    with pytest.warns(UserWarning, match="copy construct"):
        y = torch.tensor(x)
    assert y.data_ptr() != x.data_ptr()
    assert torch.as_tensor(x) is x


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


class EndlessSequence:
    def __len__(self):
        return 1

    def __getitem__(self, at):
        return self


def test_deeply_nested_data(torch):
    itself = []
    itself.append(itself)
    pair = [1, 2]
    pair[0] = pair
    for data in (itself, (itself,), pair, nested(65), nested(5000)):
        with pytest.raises(ValueError, match="too many dimensions 'list'"):
            torch.tensor(data)
        with pytest.raises(ValueError, match="too many dimensions 'list'"):
            torch.ones(2)[[data]]
    with pytest.raises(ValueError, match="too many dimensions 'EndlessSequence'"):
        torch.tensor(EndlessSequence())
    for depth in (60, 64):
        assert torch.tensor(nested(depth)).dim() == depth


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_rounded_to_the_dtype(torch, name):
    x = torch.tensor([0.1, 1e300, -0.0], dtype=getattr(torch, name))
    assert x[0].item() == pytest.approx(0.1, rel=1e-2)
    assert x[1].item() == (1e300 if name == "float64" else float("inf"))
    assert str(x[2].item()) == "-0.0"


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        ([[1, 2], [3]], {}, ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        ([[1, 2], 3], {}, TypeError, "not a sequence"),
        ("a", {}, TypeError, r"new\(\): invalid data type 'str'"),
        (["a", "b"], {}, ValueError, "too many dimensions 'str'"),
        (None, {}, RuntimeError, "Could not infer dtype of NoneType"),
        (300, {"dtype": "uint8"}, RuntimeError, "type uint8 without overflow"),
        (float("nan"), {"dtype": "int32"}, RuntimeError, "type int32 without overflow"),
        (2**70, {}, ValueError, "Overflow when unpacking long long"),
        ([1], {"requires_grad": True}, RuntimeError, "can require gradients"),
    ],
)
def test_bad_data(torch, data, options, error, message):
    if "dtype" in options:
        options = {"dtype": getattr(torch, options["dtype"])}
    with pytest.raises(error, match=message):
        torch.tensor(data, **options)


def test_ranges(torch):
    assert torch.arange(3).tolist() == torch.arange(end=3).tolist() == [0, 1, 2]
    assert torch.arange(1, 4).tolist() == [1, 2, 3]
    assert torch.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert torch.arange(0, 1, 0.25).dtype is torch.float32
    assert torch.arange(1, 3, dtype=torch.float64).tolist() == [1, 2]
    assert torch.eye(2).tolist() == [[1, 0], [0, 1]]
    assert torch.eye(1, 2, dtype=torch.int64).tolist() == [[1, 0]]
    out = torch.empty(0, dtype=torch.int64)
    assert torch.arange(3, out=out) is out
    with pytest.raises(TypeError, match="invalid combination"):
        torch.arange()
    with pytest.raises(TypeError, match="argument 'end' .* must be Number, not str"):
        torch.arange("a")


def test_options(torch):
    x = torch.ones(2, dtype=torch.float64, device="cpu", requires_grad=True, layout=torch.strided)
    assert x.dtype is torch.float64
    assert x.requires_grad
    like = torch.zeros_like(x)
    assert like.dtype is torch.float64
    assert not like.requires_grad
    assert x.new_zeros(2, 3).dtype is torch.float64
    assert x.new_full((2,), 3, dtype=torch.int8).dtype is torch.int8
    assert x.new_tensor([1]).dtype is torch.float64
    with pytest.raises(TypeError, match="argument 'dtype' must be torch.dtype, not str"):
        torch.zeros(2, dtype="a")
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        torch.zeros(2, foo=1)


def test_the_same_seed_gives_the_same_numbers(torch):
    torch.manual_seed(7)
    x = torch.rand(5)
    torch.manual_seed(7)
    assert torch.equal(x, torch.rand(5))
    assert torch.initial_seed() == 7


def test_buffers(torch):
    data = bytearray(range(8))
    x = torch.frombuffer(data, dtype=torch.uint8)
    part = torch.frombuffer(data, dtype=torch.int16, count=2, offset=2)
    data[0] = 255
    assert x[0].item() == 255
    assert part.tolist() == [0x0302, 0x0504]
    with pytest.raises(BufferError):  # the memory stays where it is while a tensor uses it
        data.append(1)
    del x, part
    data.append(1)
    assert torch.frombuffer(b"ab", dtype=torch.uint8).tolist() == [97, 98]


def test_dtypes(torch):
    assert str(torch.float32) == repr(torch.float) == "torch.float32"
    assert torch.long is torch.int64
    assert torch.half.itemsize == 2
    assert torch.promote_types(torch.int8, torch.uint8) is torch.int16
    assert torch.result_type(torch.zeros(1, dtype=torch.int8), 1.5) is torch.float32
    assert torch.result_type(1, 2.0) is torch.float32
    assert torch.can_cast(torch.int64, torch.float16)
    assert not torch.can_cast(torch.float16, torch.int64)
    assert copy.deepcopy(torch.int8) is torch.int8


def test_devices(torch):
    assert str(torch.device("cpu")) == "cpu"
    assert repr(torch.device("cuda", 1)) == "device(type='cuda', index=1)"
    assert torch.device("cuda:1") == torch.device(type="cuda", index=1) == torch.device(1)
    assert torch.device("cuda") != torch.device("cuda:0")
    assert len({torch.device("cpu"), torch.device("cpu")}) == 1
    with pytest.raises(RuntimeError, match="at start of device string: warp"):
        torch.zeros(1, device="warp")
    with pytest.raises(RuntimeError, match="Invalid device string: 'cuda:x'"):
        torch.device("cuda:x")
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError):
            torch.zeros(1, device="cuda")
        assert torch.cuda.unavailable_reason()


def test_size(torch):
    size = torch.zeros(2, 3).shape
    assert repr(size) == "torch.Size([2, 3])"
    assert size == (2, 3)
    assert size.numel() == 6
    assert isinstance(size[:1], torch.Size)
    assert size + (4,) == torch.Size([2, 3, 4])


def test_old_constructor(torch):
    assert torch.Tensor([1, 2]).tolist() == [1.0, 2.0]
    assert torch.Tensor(2, 3).shape == (2, 3)
    assert torch.Tensor().shape == (0,)
