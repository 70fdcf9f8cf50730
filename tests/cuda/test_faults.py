"""When the device fails, calls fail with a message, and the library goes on."""

import pytest
from libtensor._errors import check
from libtensor._library import native
from libtensor._structs import Device

DEVICE = Device(2, 0)


@pytest.fixture
def budget():
    """Sets how many bytes the test's tensors may take on the device."""
    check(native.memory_set_tag(b"budget"))
    yield lambda limit: check(native.memory_set_tag_budget(DEVICE, b"budget", limit))
    check(native.memory_set_tag_budget(DEVICE, b"budget", 2**64 - 1))
    check(native.memory_set_tag(None))


def test_out_of_memory(torch, emulator):
    kept = torch.ones(10, device="cuda")
    check(native.memory_empty_cache(DEVICE))
    emulator.cuda_emulator_set_capacity(1 << 20)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory.*4000000"):
        torch.ones(1_000_000, device="cuda")
    assert (kept + 1).sum().item() == 20


def test_each_allocation_of_a_step_in_turn(torch, budget):
    """Whichever allocation fails, what was there before is whole, and the step can be repeated."""
    x = torch.arange(12, dtype=torch.float32).view(3, 4).to("cuda").requires_grad_(True)

    def step():
        x.grad = None
        (x * x.sum(1, keepdim=True)).softmax(1).max(1)[0].sum().backward()
        return x.grad.tolist()

    expected = step()
    failures = set()
    for limit in range(0, 4000, 4):  # bytes
        x.grad = None
        budget(limit)
        try:
            result = step()
        except torch.OutOfMemoryError as error:
            failures.add(str(error))
            continue
        assert result == expected
        break
    else:
        pytest.fail("never comes through")
    assert len(failures) > 5
    budget(2**64 - 1)
    assert step() == expected


def test_the_driver_has_no_memory(torch, emulator):
    """The first piece of memory that the driver refuses; then all is as before."""
    kept = torch.ones(10, device="cuda")
    check(native.memory_empty_cache(DEVICE))
    emulator.cuda_emulator_set_capacity(4 << 20)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory.*in use"):
        torch.ones(2 << 20, device="cuda")
    assert torch.ones(1 << 18, device="cuda").sum().item() == 1 << 18
    assert kept.sum().item() == 10


def test_a_matrix_product_without_room_for_its_workspace(torch, budget):
    x = torch.arange(12, dtype=torch.float32).view(3, 4).to("cuda")
    budget(1 << 20)
    with pytest.raises(torch.OutOfMemoryError, match="with the tag 'budget'"):
        x @ x.t()
    budget(2**64 - 1)
    assert (x @ x.t()).sum().item() == (x.cpu() @ x.cpu().t()).sum().item()


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
