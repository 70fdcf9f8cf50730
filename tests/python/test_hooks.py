"""What the recorded programs cannot show of hooks and functions: leaks, exceptions, threads."""

import gc
import threading

import pytest


@pytest.fixture
def live(torch):
    """Counts handles before and after."""
    from libtensor import _user
    from libtensor._library import native

    gc.collect()
    before, held = native.live_handles(), len(_user._held)
    yield
    gc.collect()
    assert native.live_handles() == before
    assert len(_user._held) == held


def test_hooks_and_functions_leave_nothing(torch, live):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 2 * ctx.saved_tensors[0]

    x = torch.ones(2, requires_grad=True)
    y = Square.apply(x)
    y.register_hook(lambda grad: grad * 2)
    y.grad_fn.register_prehook(lambda grads: None)
    x.register_post_accumulate_grad_hook(lambda leaf: None)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: [t], lambda kept: kept[0]):
        z = (y * y).sum()
    z.backward()
    assert x.grad.tolist() == [8.0, 8.0]


class Own(Exception):
    pass


@pytest.mark.parametrize("depth", [0, 1, 70])
def test_the_exception_itself_comes_out(torch, live, depth):
    error = Own("mine")

    def descend(left):
        x = torch.ones(1, requires_grad=True)
        y = x * 2

        def hook(grad):
            if left == 0:
                raise error
            with torch.enable_grad():
                descend(left - 1)

        y.register_hook(hook)
        y.backward()

    with pytest.raises(Own) as caught:
        descend(depth)
    assert caught.value is error
    from libtensor import _user

    assert not _user._raised
    error.__traceback__ = caught._excinfo = None


def test_an_error_that_is_handled_inside_stays_inside(torch):
    x = torch.ones(1, requires_grad=True)

    def hook(grad):
        with pytest.raises(RuntimeError):
            torch.ones(2).backward()

    x.register_hook(hook)
    x.sum().backward()
    assert x.grad.tolist() == [1.0]


def test_exceptions_of_several_threads_do_not_mix(torch):
    def work(number):
        x = torch.ones(1, requires_grad=True)

        def hook(grad):
            raise Own(number)

        x.register_hook(hook)
        for _ in range(50):
            try:
                (x * 2).backward()
            except Own as error:
                seen.append(error.args[0] == number)

    seen = []
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 200


def test_message_names_who_saved_and_who_changed(torch):
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y.mul_(2).add_(1)
    with pytest.raises(RuntimeError) as caught:
        y.sum().backward()
    assert "is at version 2; expected version 0" in str(caught.value)
    assert str(caught.value).endswith(
        "Saved by ExpBackward0 at version 0. Changed since by mul_scalar_ (version 1), "
        "add_scalar_ (version 2)."
    )
