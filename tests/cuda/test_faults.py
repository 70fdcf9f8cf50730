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


@pytest.mark.parametrize(
    "error", [4, 214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911]
)
def test_a_lost_device_says_so_on_every_call(torch, emulator, error):
    """All the errors after which CUDA serves a process no more."""
    x = torch.ones(4, device="cuda")
    emulator.cuda_emulator_set_sticky_error(error)
    for call in (x.exp, x.cpu, x.sum, torch.cuda.synchronize):
        with pytest.raises(RuntimeError, match="this process cannot use the device any more"):
            call()
    assert (torch.ones(2) + 1).tolist() == [2, 2]  # the host goes on
    del x
    emulator.cuda_emulator_set_sticky_error(0)


UNSUPPORTED_IN_CAPTURE, UNKNOWN = 900, 999


@pytest.mark.parametrize("failing", ["record", "query"])
@pytest.mark.parametrize("error", [UNSUPPORTED_IN_CAPTURE, UNKNOWN])
def test_an_event_that_says_nothing_frees_nothing(torch, emulator, seed, failing, error):
    """A block that another stream may still use goes to nobody: the emulator would report it."""
    side = torch.cuda.Stream()
    x = torch.ones(1000, device="cuda")
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        results = [x + i for i in range(3)]
        x.record_stream(side)
    emulator.cuda_emulator_fail_events(*((error, 0) if failing == "record" else (0, error)))
    del x
    others = [torch.full((1000,), 7.0, device="cuda") for _ in range(4)]
    emulator.cuda_emulator_fail_events(0, 0)
    torch.cuda.synchronize()
    assert [r[0].item() for r in results] == [1, 2, 3]
    assert all(other[999].item() == 7 for other in others)
