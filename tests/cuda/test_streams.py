"""Streams and events in many orders: what is missing is found, and what is right holds, in each."""

import pytest


def test_a_missing_wait_is_found(torch, reports, seed):
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        x = torch.ones(100, device="cuda")
    y = x + 1  # in the default stream, which did not wait
    torch.cuda.synchronize()
    found = "\n".join(reports())
    assert "race" in found and "'add'" in found
    assert "'copy'" in found or "'allocation'" in found  # whichever comes first in this order
    assert y.shape == (100,)


def test_an_event_is_enough(torch, seed):
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        x = torch.ones(100, device="cuda") * 3
    torch.cuda.current_stream().wait_stream(side)
    assert (x + 1).sum().item() == 400


def test_many_streams(torch, seed):
    """A sum over parts that were made in streams of their own."""
    streams = [torch.cuda.Stream(priority=-(i % 2)) for i in range(5)]
    parts = []
    for i, stream in enumerate(streams):
        with torch.cuda.stream(stream):
            parts.append((torch.ones(64, 3, device="cuda") * i).softmax(1).sum(0))
    for stream in streams:
        torch.cuda.current_stream().wait_event(stream.record_event())
    total = sum(parts[1:], start=parts[0])
    assert [round(v, 3) for v in total.tolist()] == [round(5 * 64 / 3, 3)] * 3


def test_threads_have_streams_of_their_own(torch):
    from threading import Thread

    seen = []
    side = torch.cuda.Stream()
    torch.cuda.set_stream(side)
    thread = Thread(target=lambda: seen.append(torch.cuda.current_stream().cuda_stream))
    thread.start()
    thread.join()
    assert seen == [0]
    assert torch.cuda.current_stream().cuda_stream == side.cuda_stream != 0


def test_queries(torch, emulator):
    emulator.cuda_emulator_set_seed(3)  # late: nothing runs before it must
    stream = torch.cuda.Stream()
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    assert start.query()  # never recorded
    with torch.cuda.stream(stream):
        start.record()
        x = torch.ones(10, device="cuda")
        end.record()
        assert not end.query() and not stream.query()
        end.synchronize()
        assert end.query() and stream.query()
        assert start.elapsed_time(end) > 0
        assert x.sum().item() == 10


def train(torch, device):
    torch.manual_seed(1)
    weight = torch.randn(8, 4).to(device).requires_grad_(True)
    x = torch.randn(16, 8).to(device)
    target = (torch.arange(16) % 4).to(device)
    for _ in range(3):
        logits = (x @ weight).tanh()
        torch.nn.functional.cross_entropy(logits, target).backward()
        with torch.no_grad():
            weight.add_(weight.grad, alpha=-0.5)
            weight.grad = None
    return weight.detach().to("cpu")


def test_training_in_a_side_stream(torch, seed):
    expected = train(torch, "cpu")
    with torch.cuda.stream(torch.cuda.Stream()):
        result = train(torch, "cuda")
    assert torch.allclose(result, expected, 1e-4, 1e-5)


def two_branches(torch, device, first, second):
    """y = f(x) + g(x), each part recorded in its own stream; x's gradient, after backward here."""
    torch.manual_seed(2)
    x = torch.randn(40, 6).to(device).requires_grad_(True)
    here = torch.cuda.current_stream()
    parts = []
    for stream, function in ((first, torch.tanh), (second, torch.exp)):
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            part = function(x * 0.5)
            parts.append((part * part.detach()).sum(1))
    for stream, part in zip((first, second), parts):
        here.wait_stream(stream)
        if device == "cuda":
            part.record_stream(here)
    (parts[0] * parts[1]).sum().backward()
    return x.grad


def test_backward_runs_in_the_streams_of_the_forward(torch, seed):
    """The caller waits for nothing: the pass orders its own work; the gradient is ready here."""
    streams = torch.cuda.Stream(), torch.cuda.Stream()
    for _ in range(3):  # memory is used again
        gradient = two_branches(torch, "cuda", *streams)
        doubled = gradient + gradient
        del gradient
        expected = two_branches(torch, "cpu", *streams)
        assert torch.allclose(doubled.to("cpu"), expected + expected, 1e-4, 1e-5)


def test_gradients_add_up_across_streams(torch, seed):
    """Leaves first used in one stream get gradients from passes that were called in others."""
    streams = [torch.cuda.Stream() for _ in range(3)]
    here = torch.cuda.current_stream()
    x = torch.arange(32, dtype=torch.float32).to("cuda").requires_grad_(True)
    for i, stream in enumerate(streams):
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            (x * (i + 1)).sum().backward()
            if i == 1:
                x.grad.mul_(10)  # in this stream, which the pass left the gradient ready for
        here.wait_stream(stream)
    assert x.grad.tolist() == [33.0] * 32


def test_gradients_asked_for(torch, seed):
    side = torch.cuda.Stream()
    x = torch.ones(50, device="cuda", requires_grad=True)
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        y = (x * x).exp()
        total = y.sum()
    torch.cuda.current_stream().wait_stream(side)
    to_x, to_y = torch.autograd.grad(total, (x, y), create_graph=True)
    (again,) = torch.autograd.grad(to_x.sum(), x)
    e = 2.718281828
    assert torch.allclose(to_x.cpu(), torch.full((50,), 2 * e))
    assert torch.allclose(to_y.cpu(), torch.ones(50))
    assert torch.allclose(again.cpu(), torch.full((50,), 6 * e))


def test_hooks_run_in_the_streams_of_the_forward(torch):
    side = torch.cuda.Stream()
    seen = []
    x = torch.ones(4, device="cuda", requires_grad=True)
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        y = x * 2
        y.register_hook(lambda g: seen.append(torch.cuda.current_stream().cuda_stream))
    torch.cuda.synchronize()
    y.sum().backward()
    assert seen == [side.cuda_stream]
    assert torch.cuda.current_stream().cuda_stream == 0


def test_a_hook_of_several_tensors_may_use_all_gradients(torch, seed):
    """They were made in streams of their own; the hook runs in that of the last."""
    here = torch.cuda.current_stream()
    x = torch.full((300,), 2.0).to("cuda").requires_grad_(True)
    parts, sums = [], []
    for factor in (3, 5, 7):
        stream = torch.cuda.Stream()
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            parts.append(x * factor)
            sums.append((parts[-1] * parts[-1]).sum())
        here.wait_stream(stream)
        sums[-1].record_stream(here)

    def hook(grads):
        sums.append(grads[0] + grads[1])

    torch.autograd.graph.register_multi_grad_hook(parts[1:], hook)
    (sums[0] + sums[1] + sums[2]).backward()
    torch.cuda.synchronize()
    assert sums[-1].tolist() == [2 * 2 * (5.0 + 7.0)] * 300


def test_a_block_that_another_stream_uses_is_not_given_away(torch, seed, reports):
    """With record_stream the allocator waits for the other stream; without, the race is found."""
    side = torch.cuda.Stream()
    for recorded in (True, False):
        x = torch.ones(3000, device="cuda")
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            y = x * 2
        if recorded:
            x.record_stream(side)
        del x
        z = torch.zeros(3000, device="cuda")  # would take x's place
        torch.cuda.synchronize()
        found = "\n".join(reports())
        if recorded:
            assert not found
        else:
            assert "race" in found or "out of bounds" in found
        assert z.sum().item() == 0
        with torch.cuda.stream(side):
            del y


def test_a_gradient_that_the_caller_has_changed(torch, seed):
    """The leaf's stream adds to it only after the caller's."""
    side = torch.cuda.Stream()
    x = torch.ones(600, device="cuda", requires_grad=True)
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        y = (x * 2).sum()  # its graph keeps the leaf's node, which works in this stream
    torch.cuda.current_stream().wait_stream(side)
    y.backward(retain_graph=True)
    x.grad.mul_(10)
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [22.0] * 600


def test_pinned_memory(torch, seed):
    """The host goes on while bytes are copied, and pinned memory is not given away before."""
    assert torch.cuda.is_available()
    for _ in range(3):
        x = torch.arange(5000, dtype=torch.float32).pin_memory()
        assert x.is_pinned() and not torch.ones(3).is_pinned()
        assert x.pin_memory() is x
        there = x.to("cuda", non_blocking=True)
        del x
        y = torch.full((5000,), -1.0).pin_memory()  # would take its place
        back = (there + 1).to("cpu", non_blocking=True)
        assert back.is_pinned()
        torch.cuda.synchronize()
        assert back.tolist() == [i + 1 for i in range(5000)]
        target = torch.zeros(5000).pin_memory()
        target.copy_(there, non_blocking=True)
        there.copy_(y, non_blocking=True)
        torch.cuda.current_stream().synchronize()
        assert target.tolist() == list(range(5000))
        assert there.cpu().tolist() == [-1.0] * 5000


def test_copies_without_pinned_memory_wait(torch, seed):
    x = torch.arange(300, dtype=torch.float32)
    there = x.to("cuda", non_blocking=True)
    x.fill_(-1)
    target = torch.zeros(300)
    target.copy_(there, non_blocking=True)
    assert target.tolist() == list(range(300))
    turned = torch.zeros(10, 30).pin_memory()
    turned.t().copy_(there.view(10, 30).t().to(torch.float64), non_blocking=True)
    assert turned.view(-1).tolist() == list(range(300))


def test_gradients_of_moves(torch):
    x = torch.ones(3, requires_grad=True)
    y = x.pin_memory().to("cuda", torch.float64, non_blocking=True)
    assert y.grad_fn.name() == "ToCopyBackward0"
    (y * y).sum().backward()
    assert x.grad.tolist() == [2, 2, 2] and x.grad.dtype == torch.float32


@pytest.mark.parametrize("pin_memory", [False, True])
def test_what_backward_needs_waits_in_the_hosts_memory(torch, seed, pin_memory):
    x = torch.arange(300, dtype=torch.float32, device="cuda").requires_grad_(True)
    hooks = torch.autograd.graph.save_on_cpu(pin_memory=pin_memory)
    device, kept = hooks.pack_hook(x.detach())
    assert str(device) == "cuda:0" and kept.is_pinned() == pin_memory
    with hooks:
        y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [2 * i for i in range(300)]
