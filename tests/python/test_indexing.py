"""Indexing and assignment through it."""

import pytest


def numbers(torch):
    return torch.arange(24).view(2, 3, 4)


def test_views(torch):
    x = numbers(torch)
    assert x[1].tolist() == x[-1].tolist() == [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]
    assert x[1, 2, 3].item() == 23
    assert x[(0, 1)].tolist() == x[0][1].tolist() == [4, 5, 6, 7]
    assert x[..., 0].tolist() == [[0, 4, 8], [12, 16, 20]]
    assert x[:, 1].shape == (2, 4)
    assert x[0, ::2].tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert x[:, None].shape == (2, 1, 3, 4)
    assert x[None, ..., None].shape == (1, 2, 3, 4, 1)
    assert x[1:, -1:, ::3].tolist() == [[[20, 23]]]
    assert x[0:100, -100:2].shape == (2, 2, 4)
    assert x[2:1].shape == (0, 3, 4)
    assert x[torch.tensor(1), 0].tolist() == [12, 13, 14, 15]


def test_views_share_memory(torch):
    x = numbers(torch)
    x[0, 1:].fill_(-1)
    assert x[0, 2].tolist() == [-1] * 4
    whole = x[...]
    assert whole is not x
    assert whole.data_ptr() == x.data_ptr()


def test_index_tensors(torch):
    x = numbers(torch)
    index = torch.tensor([2, 0, -1])
    assert x[:, index].shape == (2, 3, 4)
    assert x[0, index, 0].tolist() == [8, 0, 8]
    assert x[torch.tensor([[0, 1], [1, 0]])].shape == (2, 2, 3, 4)
    assert x[..., [3, 0]].tolist()[0][0] == [3, 0]
    assert x[[]].shape == (0, 3, 4)


def test_assignment(torch):
    x = torch.zeros(3, 4)
    x[0] = 1
    x[1, 2] = 5.5
    x[:, 0] = torch.tensor([7.0, 8.0, 9.0])
    x[2, 1:3] = torch.tensor([[1, 2]])
    x[..., 3] = 4
    x[-1, -1] = True
    assert x.tolist() == [[7, 1, 1, 4], [8, 0, 5.5, 4], [9, 1, 2, 1]]


def test_iteration_and_length(torch):
    x = torch.tensor([[1, 2], [3, 4]])
    first, second = x
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]]
    assert second.tolist() == [3, 4]
    assert len(x) == 2
    assert 3 in x
    assert 5 not in x
    assert list(range(torch.tensor(3))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (2, IndexError, "index 2 is out of bounds for dimension 0 with size 2"),
        (-3, IndexError, "index -3 is out of bounds for dimension 0 with size 2"),
        (2**70, IndexError, "out of bounds"),
        ((0, 3), IndexError, "index 3 is out of bounds for dimension 1 with size 3"),
        ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
        (1.0, IndexError, r"only integers, slices .* \(got float\)"),
        ("a", TypeError, "invalid data type 'str'"),
        (slice(0, 1.5), TypeError, "slice indices must be integers"),
        ([0, 5], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
        ([0.5], IndexError, "must be long, int, byte or bool"),
        ([True, False], NotImplementedError, "boolean mask"),
        (([0], [1]), NotImplementedError, "more than one dim"),
    ],
)
def test_wrong_indices(torch, at_once, index, error, message):
    x = numbers(torch)
    with pytest.raises(error, match=message):
        x[index]


def test_0dim(torch):
    x = torch.tensor(3.0)
    with pytest.raises(IndexError, match="invalid index of a 0-dim tensor"):
        x[0]
    assert x[...].item() == x[()].item() == 3
    assert x[None].shape == (1,)
    with pytest.raises(TypeError, match="len\\(\\) of a 0-d tensor"):
        len(x)
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        list(x)


def test_wrong_assignments(torch):
    x = torch.zeros(2, 3)
    with pytest.raises(RuntimeError, match="must match the existing size"):
        x[0] = torch.zeros(2)
    with pytest.raises(TypeError, match="can't assign a str to a torch.FloatTensor"):
        x[0] = "a"
    with pytest.raises(NotImplementedError, match="index tensor"):
        x[[0, 1]] = 1
    assert x.sum().item() == 0
