"""Tensors as numbers, lists, NumPy arrays, and as other tensors."""

import copy
import gc

import pytest


def test_numbers(torch):
    assert int(torch.tensor(2.9)) == 2
    assert float(torch.tensor([True])) == 1.0
    assert bool(torch.tensor([0.0])) is False
    assert torch.tensor(2.5).item() == 2.5
    assert torch.tensor(True).item() is True
    assert [10, 20][torch.tensor(1)] == 20


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda x: x.item(), RuntimeError, "a Tensor with 2 elements cannot be converted"),
        (bool, RuntimeError, "Boolean value of Tensor with more than one value is ambiguous"),
        (float, ValueError, "only one element tensors can be converted to Python scalars"),
        (int, ValueError, "only one element tensors can be converted to Python scalars"),
        (lambda x: [1][x], TypeError, "only integer tensors of a single element"),
    ],
)
def test_numbers_of_many(torch, use, error, message):
    with pytest.raises(error, match=message):
        use(torch.zeros(2))


@pytest.mark.parametrize(
    "name",
    "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split(),
)
def test_lists(torch, name):
    x = torch.tensor([[0, 1, 1], [1, 0, 1]], dtype=getattr(torch, name))
    assert x.t().tolist() == [[0, 1], [1, 0], [1, 1]]
    assert torch.zeros(2, 0, 3, dtype=x.dtype).tolist() == [[], []]
    assert x[0, 1].tolist() == 1
    assert type(x[0, 1].tolist()) is type(x.tolist()[0][1])


def test_texts(torch):
    x = torch.tensor([[1.0, 2.5]])
    assert str(x) == repr(x) == f"{x}" == "tensor([[1.0000, 2.5000]])"
    assert f"{torch.tensor(3.14159):.2f}" == "3.14"
    with pytest.raises(TypeError, match="unsupported format string passed to Tensor.__format__"):
        f"{x:.2f}"
    long = torch.arange(900)
    assert repr(long).endswith("899])")


def test_to(torch):
    x = torch.tensor([0.0, 1.5])
    assert x.to(torch.float32) is x.to("cpu") is x.to(x) is x.contiguous() is x.float() is x
    assert x.to(torch.float32, copy=True) is not x
    assert x.to("cpu", torch.float64).dtype is torch.float64
    assert x.to(dtype=torch.int8, device="cpu").tolist() == [0, 1]
    assert x.to(torch.zeros(1, dtype=torch.bool)).tolist() == [False, True]
    assert x.double().dtype is torch.float64
    assert x.long().type() == "torch.LongTensor"
    assert x.type(torch.int16).dtype is x.type("torch.ShortTensor").dtype is torch.int16
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        x.to(foo=1)


def test_properties(torch):
    x = torch.zeros(2, 3, 4)
    assert x.dim() == x.ndim == 3
    assert x.size(-1) == x.size(dim=2) == 4
    assert x.stride() == (12, 4, 1)
    assert x.stride(0) == 12
    assert x[1:].storage_offset() == 12
    assert x.numel() == x.nelement() == 24
    assert x.nbytes == 96
    assert x.T.shape == (4, 3, 2)
    assert x.mT.shape == (2, 4, 3)
    assert not x.T.is_contiguous()
    assert len({x, x, torch.zeros(1)}) == 2
    assert torch.is_tensor(x)
    assert not torch.is_tensor(1)
    many = torch.zeros([1] * 12)
    assert len(many.shape) == len(many.stride()) == 12


def test_copies(torch):
    x = torch.ones(2, requires_grad=True)
    other = copy.deepcopy([x, x])
    assert other[0] is other[1]
    assert other[0].requires_grad
    assert other[0].data_ptr() != x.data_ptr()
    assert copy.copy(x).data_ptr() == x.data_ptr()
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)


def test_numpy_shares_memory_both_ways(torch):
    numpy = pytest.importorskip("numpy")
    x = torch.zeros(2, 3)
    array = x.t().numpy()
    array[2, 1] = 5
    assert x[1, 2].item() == 5
    back = torch.from_numpy(array)
    back[0, 0] = 7
    assert x[0, 0].item() == 7
    assert array.strides == (4, 12)
    assert numpy.asarray(x).tolist() == x.tolist()
    assert numpy.asarray(x, dtype=numpy.float64).dtype == numpy.float64


def test_numpy_of_a_tensor_that_requires_grad(torch):
    numpy = pytest.importorskip("numpy")
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    for one in (x, y):
        with pytest.raises(RuntimeError, match="Can't call numpy"):
            one.numpy()
        with pytest.raises(RuntimeError, match="Can't call numpy"):
            numpy.asarray(one)
        with torch.no_grad():
            array = one.numpy()
            assert numpy.asarray(one).tolist() == one.tolist()
        with torch.inference_mode():
            assert one.numpy().tolist() == one.tolist()
        array[0] = 5  # the same memory
        assert one.tolist() == [5, one[1].item()]
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_memory_outlives_the_other_owner(torch):
    numpy = pytest.importorskip("numpy")
    array = torch.arange(1000).numpy()
    gc.collect()
    assert array.sum() == 499500
    x = torch.from_numpy(numpy.arange(1000.0))[500:]
    gc.collect()
    assert x[0].item() == 500.0


def test_numpy_arrays_are_let_go(torch):
    numpy = pytest.importorskip("numpy")
    from libtensor._creation import _owners

    before = len(_owners)
    x = torch.from_numpy(numpy.zeros(4))
    y = (x.requires_grad_() * x).sum()
    del x
    gc.collect()
    assert len(_owners) == before + 1  # the graph uses it still
    del y
    gc.collect()
    assert len(_owners) == before


@pytest.mark.parametrize(
    "name", "bool uint8 int8 int16 int32 int64 float16 float32 float64".split()
)
def test_numpy_dtypes(torch, name):
    numpy = pytest.importorskip("numpy")
    array = numpy.array([[0, 1], [1, 1]], dtype=name)
    for x in (torch.from_numpy(array), torch.tensor(array), torch.as_tensor(array)):
        assert x.dtype is getattr(torch, name)
        assert x.numpy().dtype == array.dtype
        assert (x.numpy() == array).all()
    assert torch.zeros(0, 2, dtype=getattr(torch, name)).numpy().shape == (0, 2)


def test_numpy_numbers_and_operators(torch):
    numpy = pytest.importorskip("numpy")
    x = torch.ones(2)
    assert (x * numpy.float32(2)).dtype is torch.float32
    assert (numpy.float64(2) * x).tolist() == [2, 2]
    assert (x + numpy.int64(1)).tolist() == [2, 2]
    assert (x + numpy.ones(2)).dtype is torch.float64
    assert x.sum(dim=numpy.int64(0)).item() == 2
    assert torch.tensor(numpy.float64(1)).dtype is torch.float64
    assert torch.tensor([numpy.int32(1), numpy.int32(2)]).dtype is torch.int32


def test_what_numpy_cannot_have(torch):
    numpy = pytest.importorskip("numpy")
    with pytest.raises(RuntimeError, match="Can't call numpy\\(\\) on Tensor that requires grad"):
        torch.ones(1, requires_grad=True).numpy()
    assert torch.ones(1, requires_grad=True).numpy(force=True).tolist() == [1]
    with pytest.raises(TypeError, match="unsupported ScalarType BFloat16"):
        torch.zeros(1, dtype=torch.bfloat16).numpy()
    with pytest.raises(ValueError, match="negative"):
        torch.from_numpy(numpy.ones(3)[::-1])
    with pytest.raises(TypeError, match="expected np.ndarray \\(got list\\)"):
        torch.from_numpy([1])
    with pytest.raises(TypeError, match="can't convert np.ndarray of type numpy.str_"):
        torch.from_numpy(numpy.array(["a"]))
    with pytest.raises(ValueError, match="byte order"):
        torch.from_numpy(numpy.ones(3, ">f4"))
