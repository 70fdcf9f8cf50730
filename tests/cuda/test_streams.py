"""Streams and events in many orders: what is missing is found, and what is right holds, in each."""


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
