"""When the device fails, calls fail with a message, and the library goes on."""

import pytest


def test_out_of_memory(torch, emulator):
    kept = torch.ones(10, device="cuda")
    emulator.cuda_emulator_set_capacity(1 << 20)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory.*4000000"):
        torch.ones(1_000_000, device="cuda")
    assert (kept + 1).sum().item() == 20


def test_each_allocation_of_a_step_in_turn(torch, emulator):
    """Whichever allocation fails, what was there before is whole, and the step can be repeated."""
    x = torch.arange(12, dtype=torch.float32).view(3, 4).to("cuda").requires_grad_(True)

    def step():
        x.grad = None
        (x @ x.t()).softmax(1).max(1)[0].sum().backward()
        return x.grad.tolist()

    expected = step()
    failures = 0
    for n in range(1, 200):
        emulator.cuda_emulator_fail_allocation(n)
        try:
            result = step()
        except torch.OutOfMemoryError:
            failures += 1
            continue
        finally:
            emulator.cuda_emulator_fail_allocation(0)
        assert result == expected
        break
    else:
        pytest.fail("never comes through")
    assert failures > 5
    assert step() == expected


def test_a_launch_that_fails_names_the_operation(torch, emulator):
    x = torch.ones(4, device="cuda")
    emulator.cuda_emulator_fail_launch(1)
    with pytest.raises(RuntimeError, match=r"too many resources requested for launch \(in exp\)"):
        x.exp()
    assert x.exp().shape == (4,)


def test_a_sticky_error_is_reported_as_such(torch, emulator):
    x = torch.ones(4, device="cuda")
    emulator.cuda_emulator_set_sticky_error(700)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="illegal memory access.*cannot use the device any"):
            x.exp()
    del x  # while the device is gone
    emulator.cuda_emulator_set_sticky_error(0)


def test_bad_indices_change_nothing(torch):
    x = torch.zeros(3, 3, device="cuda")
    with pytest.raises(RuntimeError, match="index 7 is out of bounds for dimension 0 with size 3"):
        x.scatter_(0, torch.tensor([[0, 7, 1]], device="cuda"), torch.ones(1, 3, device="cuda"))
    with pytest.raises(IndexError, match="Target 9 is out of bounds"):
        torch.nn.functional.cross_entropy(x, torch.tensor([0, 9, 1], device="cuda"))
    assert x.sum().item() == 0
