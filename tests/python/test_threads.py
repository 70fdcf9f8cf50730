"""Calls from several threads at once."""

import threading


def run_in_threads(work, count=4):
    errors = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_forward_and_backward(torch):
    shared = torch.arange(1000.0)

    def work(number):
        for _ in range(50):
            x = torch.full((1000,), float(number), requires_grad=True)
            y = (x * shared).sum()
            y.backward()
            assert torch.equal(x.grad, shared)
            assert y.item() == number * 499500.0

    run_in_threads(work)


def test_errors_and_modes_are_each_thread_s_own(torch):
    def work(number):
        for _ in range(100):
            with torch.set_grad_enabled(bool(number % 2)):
                assert torch.is_grad_enabled() is bool(number % 2)
                try:
                    torch.zeros(2, 3).view(number + 7)
                except RuntimeError as error:
                    assert f"'[{number + 7}]'" in str(error)

    run_in_threads(work)
    assert torch.is_grad_enabled()


def test_released_on_another_thread(torch):
    made = [torch.zeros(3) for _ in range(100)]

    def work(number):
        for _ in range(25):
            made.pop()

    run_in_threads(work)
    assert not made


def test_what_a_call_of_another_thread_uses_keeps_its_shape(torch):
    x = torch.ones(2, 3)
    weight = torch.ones(2, 3, requires_grad=True)
    messages = []

    def change():
        try:
            x.unsqueeze_(0)
        except RuntimeError as error:
            messages.append(str(error))

    def pack(tensor):
        thread = threading.Thread(target=change)
        thread.start()
        thread.join()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        weight * x
    assert len(messages) == 1
    assert messages[0].endswith("is in use by another thread")
    assert x.unsqueeze_(0).shape == (1, 2, 3)
