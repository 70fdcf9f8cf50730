"""Cycles that lead through the library are found by Python's collector, and nothing else is."""

import gc
import threading
import weakref

import pytest


class Something:
    pass


def collected(make):
    """Whether what `make` gives a reference to is gone after a collection, not before, and the
    library holds nothing of Python's that it did not before."""
    from libtensor import _user

    gc.collect()
    held = len(_user._held)
    gc.disable()
    try:
        gone = make()
        assert gone() is not None
    finally:
        gc.enable()
    gc.collect()
    assert len(_user._held) == held or gone() is not None
    return gone() is None


def function(torch, forward):
    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark = Something()
            Function.mark = weakref.ref(ctx.mark)
            return forward(ctx, x)

        @staticmethod
        def backward(ctx, *grads):
            assert ctx.mark is not None
            return grads[0]

    return Function


def _attribute(ctx, x):
    ctx.y = x.clone()
    return ctx.y


def _nested(ctx, x):
    y = x.clone()
    ctx.d = [{"y": (y,)}]
    return y


def _closure(ctx, x):
    y = x.clone()
    ctx.f = lambda: y
    return y


def _one_of_two(ctx, x):
    ctx.y = x.clone()
    return ctx.y, ctx.y + 1


def _dirty(ctx, x):
    ctx.mark_dirty(x.add_(1))
    ctx.y = x
    return x


def _saved(ctx, x):
    y = x.clone()
    ctx.save_for_backward(y)
    return y


FORWARDS = [_attribute, _nested, _closure, _one_of_two, _dirty, _saved]


def first(value):
    return value[0] if isinstance(value, tuple) else value


@pytest.mark.parametrize("forward", FORWARDS)
@pytest.mark.parametrize("after", ["nothing", "backward", "more"])
def test_outputs_kept_on_ctx(torch, forward, after):
    def make():
        run = function(torch, forward)
        y = first(run.apply(torch.ones(2, requires_grad=True) * 1))
        if after == "backward":
            y.sum().backward()
        elif after == "more":
            run.y = ((y * 2).exp() + y).sum()
        gone = run.mark
        run.mark = None
        if forward is _saved:  # no cycle: it goes at once
            run.keep = y
            y.cycle = run
        return gone

    assert collected(make)


@pytest.mark.parametrize("forward", FORWARDS)
def test_what_is_in_use_is_not_collected(torch, forward):
    run = function(torch, forward)
    x = torch.ones(2, requires_grad=True)
    y = first(run.apply(x * 1))
    z = (y * 2).exp().sum()
    gc.collect()
    del y
    gc.collect()
    assert run.mark() is not None
    z.backward()
    assert x.grad is not None
    del z
    gc.collect()
    assert run.mark() is None


def test_a_view_changed_in_place_by_a_function(torch):
    def make():
        run = function(torch, _dirty)
        base = torch.ones(3, requires_grad=True) * 1
        run.apply(base[:2])
        run.base = base
        return run.mark

    assert collected(make)


def hook_of_a_leaf(torch, owner):
    owner.p = torch.ones(2, requires_grad=True)
    owner.p.register_hook(lambda grad: owner and None)


def hook_of_a_leaf_with_its_handle(torch, owner):
    owner.p = torch.ones(2, requires_grad=True)
    owner.hook = owner.p.register_hook(lambda grad: owner and None)


def post_accumulate_hook(torch, owner):
    owner.p = torch.ones(2, requires_grad=True)
    owner.p.register_post_accumulate_grad_hook(lambda leaf: owner and None)


def hook_after_backward(torch, owner):
    owner.p = torch.ones(2, requires_grad=True)
    owner.p.register_hook(lambda grad: owner and None)
    owner.y = (owner.p * owner.p).sum()
    owner.y.backward(retain_graph=True)


def hook_that_captures_its_node(torch, owner):
    y = torch.ones(2, requires_grad=True).exp()
    owner.node = y.grad_fn
    y.register_hook(lambda grad: owner and None)


def hook_of_a_node(torch, owner):
    owner.node = torch.ones(2, requires_grad=True).exp().grad_fn
    owner.node.register_hook(lambda grads, outputs: owner and None)


def prehook_of_a_node_below(torch, owner):
    y = torch.ones(2, requires_grad=True).exp()
    owner.z = y.tanh().exp()
    y.grad_fn.register_prehook(lambda grads: owner and None)


def multi_grad_hook(torch, owner):
    owner.p, owner.q = (torch.ones(2, requires_grad=True) for _ in range(2))
    torch.autograd.graph.register_multi_grad_hook([owner.p, owner.q], lambda grads: owner and None)


def hook_of_a_retained_grad(torch, owner):
    owner.y = torch.ones(2, requires_grad=True).exp()
    owner.y.retain_grad()
    owner.y.sum().backward(retain_graph=True)
    owner.y.grad.requires_grad_().register_hook(lambda grad: owner and None)


def saved_tensors_hooks(torch, owner):
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: owner and t, lambda t: t):
        owner.y = x.exp()


def what_a_pack_hook_keeps(torch, owner):
    x = torch.ones(2, requires_grad=True)
    packed = [owner]
    with torch.autograd.graph.saved_tensors_hooks(lambda t: packed, lambda p: x):
        owner.y = x.exp()


def checkpoint(torch, owner, reentrant=False):
    run = torch.utils.checkpoint.checkpoint
    x = torch.ones(2, requires_grad=True)
    owner.y = run(lambda t: owner and (t * t).exp(), x, use_reentrant=reentrant)


def reentrant_checkpoint(torch, owner):
    checkpoint(torch, owner, reentrant=True)


def attributes_of_a_leaf(torch, owner):
    owner.p = torch.ones(2, requires_grad=True)
    owner.p.grad = torch.ones(2)
    owner.p.grad.owner = owner


def function_that_is_not_finished(torch, owner):
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.owner, owner.x, owner.ctx = owner, x, ctx
            raise KeyError

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(KeyError):
        Fails.apply(x)


def two_owners_of_each_other(torch, owner):
    other = Something()
    owner.p, other.p = (torch.ones(2, requires_grad=True) for _ in range(2))
    owner.p.register_hook(lambda grad: other and None)
    other.p.register_hook(lambda grad: owner and None)


CYCLES = [
    hook_of_a_leaf,
    hook_of_a_leaf_with_its_handle,
    post_accumulate_hook,
    hook_after_backward,
    hook_that_captures_its_node,
    hook_of_a_node,
    prehook_of_a_node_below,
    multi_grad_hook,
    hook_of_a_retained_grad,
    saved_tensors_hooks,
    what_a_pack_hook_keeps,
    checkpoint,
    reentrant_checkpoint,
    attributes_of_a_leaf,
    two_owners_of_each_other,
]


@pytest.mark.parametrize("cycle", [*CYCLES, function_that_is_not_finished])
def test_cycles(torch, cycle):
    def make():
        owner = Something()
        cycle(torch, owner)
        return weakref.ref(owner)

    assert collected(make)


@pytest.mark.parametrize("cycle", CYCLES)
def test_cycles_that_are_in_use(torch, cycle):
    owner = Something()
    cycle(torch, owner)
    kept = {key: value for key, value in vars(owner).items()}
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    gc.collect()
    assert gone() is not None
    assert vars(gone()).keys() == kept.keys()
    for value in kept.values():  # what the library holds is there when it is called
        if isinstance(value, torch.Tensor):
            value.requires_grad and (value * 1).sum().backward(retain_graph=True)
    kept.clear()
    value = None
    gc.collect()
    assert gone() is None


def _view_of_itself(torch):
    x = torch.ones(1000, requires_grad=True)
    x.grad = x[:]
    return x


def _with_a_graph(torch):
    x = torch.ones(1000, requires_grad=True)
    (x * x).sum().backward(create_graph=True)
    return x


def _of_each_other(torch):
    x, y = (torch.ones(1000, requires_grad=True) for _ in range(2))
    x.grad, y.grad = y, x
    return x


def _retained(torch):
    x = torch.ones(1000, requires_grad=True) * 1
    x.retain_grad()
    x.grad = x[:]
    return x


@pytest.mark.parametrize("make", [_view_of_itself, _with_a_graph, _of_each_other, _retained])
def test_gradients_that_lead_back(torch, make):
    from libtensor import _user

    held = len(_user._held)
    x = make(torch)
    x.grad.register_hook(lambda grad: None)
    gc.collect()
    assert x.grad is not None  # it is in use
    assert len(_user._held) > held
    del x
    gc.collect()
    assert len(_user._held) == held


def test_collection_inside_a_hook(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    seen = []

    def hook(grad):
        gc.collect()
        seen.append(y.shape)

    y.register_hook(hook)
    x.register_hook(lambda grad: gc.collect() and None)
    y.exp().sum().backward()
    assert seen == [(2,)]
    assert x.grad is not None


def test_collection_inside_a_function_and_its_destruction(torch):
    class Collects:
        def __del__(self):
            gc.collect()

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.collects = Collects()
            ctx.y = x * 2
            gc.collect()
            return ctx.y

        @staticmethod
        def backward(ctx, grad):
            gc.collect()
            return grad * 2

    x = torch.ones(2, requires_grad=True)
    Function.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_collections_while_threads_work(torch):
    stop = threading.Event()
    errors = []

    def work():
        try:
            while not stop.is_set():
                owner = Something()
                hook_after_backward(torch, owner)
                y = first(function(torch, _attribute).apply(owner.p * 1))
                y.sum().backward()
        except BaseException as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        gc.collect()
    stop.set()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not errors
