"""A tensor that the library gives back is the Python object that it was."""

import gc
import weakref

import pytest


def _ones(torch):
    return torch.ones(2, requires_grad=True)


def _set_later(torch):
    x = torch.ones(2)
    x.requires_grad = True
    return x


LEAVES = {
    "ones": _ones,
    "tensor": lambda torch: torch.tensor([1.0, 2.0], requires_grad=True),
    "arange": lambda torch: torch.arange(2.0, requires_grad=True),
    "requires_grad_": lambda torch: torch.ones(2).requires_grad_(),
    "requires_grad": _set_later,
    "like": lambda torch: torch.ones_like(torch.ones(2), requires_grad=True),
}


@pytest.mark.parametrize("leaf", LEAVES)
def test_leaves(torch, leaf):
    x = LEAVES[leaf](torch)
    y = (x * x).exp()
    multiplied = y.grad_fn.next_functions[0][0]
    assert multiplied.next_functions[0][0].variable is x
    assert multiplied._saved_self is x
    given = []
    x.register_post_accumulate_grad_hook(given.append)
    y.sum().backward()
    assert given[0] is x
    del given[:], x


def test_grad(torch):
    x = _ones(torch)
    assert x.grad is None
    (x * 2).sum().backward()
    assert x.grad is x.grad
    x.grad.tag = 1
    gc.collect()
    assert x.grad.tag == 1
    (x * 2).sum().backward()  # adds in place
    assert x.grad.tag == 1
    assert x.grad.tolist() == [4, 4]
    x.grad = None
    (x * 2).sum().backward()
    assert not hasattr(x.grad, "tag")
    g = torch.ones(2)
    x.grad = g
    assert x.grad is g


def test_attributes_live_as_long_as_the_tensor(torch):
    from libtensor import _user

    gc.collect()
    held = len(_user._held)

    class Mark:
        pass

    x = _ones(torch)
    x.grad = torch.ones(2)
    for number in range(5):
        x.grad.mark, x.grad.number = Mark(), number
        gone = weakref.ref(x.grad.mark)
        assert gone() is x.grad.mark
        assert vars(x.grad).keys() == {"mark", "number"}
    x.grad = None
    assert gone() is None  # at once
    assert len(_user._held) == held


def test_weak_references(torch):
    x = _ones(torch)
    x.grad = torch.ones(2)
    weak = weakref.ref(x.grad)
    gc.collect()
    assert weak() is x.grad
    assert weak().tolist() == [1, 1]
    weak().tag = 3
    assert x.grad.tag == 3
    x.grad = None
    gc.collect()
    assert weak() is None
    other = weakref.ref(x)
    y = x * x
    del x
    gc.collect()
    assert other() is y.grad_fn._saved_self
    del y
    gc.collect()
    assert other() is None


def test_memory_of_grads_is_given_back_at_once(torch):
    from libtensor._settings import live_handles

    x = _ones(torch)
    before = live_handles()
    for _ in range(3):
        (x * 2).sum().backward()
        assert x.grad.tolist() == [2, 2]
        x.grad = None
    assert live_handles() == before


def test_saved_tensors(torch):
    seen = []

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, None, b)
            return a * b

        @staticmethod
        def backward(ctx, grad):
            seen.append(ctx.saved_tensors)
            return grad, grad

    x, y = _ones(torch), torch.ones(2)
    x.tag = 5
    Function.apply(x, y).sum().backward()
    assert seen[0][0] is x
    assert seen[0][1] is None
    assert seen[0][2] is y
    seen.clear()


def test_retained_grad_and_nodes(torch):
    x = _ones(torch)
    y = x * 1
    y.retain_grad()
    y.sum().backward()
    assert y.grad is y.grad
    assert y.grad_fn is y.grad_fn
    assert x.grad_fn is None


def test_what_is_kept_of_a_leaf_that_is_gone(torch):
    x = _ones(torch)
    x.label = "x"
    y = x * 2
    del x
    leaf = y.grad_fn.next_functions[0][0]
    assert leaf.variable.label == "x"
    assert leaf.variable is leaf.variable
    del y, leaf
    gc.collect()


def test_copies_are_other_objects(torch):
    import copy

    x = _ones(torch)
    x.tag = 1
    assert copy.copy(x) is not x
    assert x.detach() is not x
    y = x * 1
    assert y.grad_fn.next_functions[0][0].variable is x
