"""Devices, copies between them, random numbers."""

import subprocess
import sys
from pathlib import Path

import emulator as emulated
import pytest


def test_a_tensor_says_where_it_lives(torch):
    x = torch.ones(2, device="cuda")
    assert repr(x) == "tensor([1., 1.], device='cuda:0')"
    assert str(x.device) == "cuda:0"
    assert x.is_cuda
    assert repr(x.to("cpu")) == "tensor([1., 1.])"


def test_a_tensor_of_the_second_device(torch, two_devices):
    assert repr(torch.arange(3, device="cuda:1")) == "tensor([0, 1, 2], device='cuda:1')"


def test_devices_are_counted(torch):
    assert torch.cuda.is_available()
    assert torch.cuda.unavailable_reason() == ""
    count = torch.cuda.device_count()
    assert count == 2 if emulated.path() else count >= 1
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        torch.ones(1, device=f"cuda:{count}")


def run_alone(program: str) -> str:
    """What a program prints in a process of its own, where no device has been used yet."""
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + program], text=True, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


PRELUDE = f"""
import sys
sys.path.insert(0, {str(Path(emulated.__file__).parent)!r})
import ctypes, os, emulator, libtensor as torch
if emulator.path():
    device = emulator.load(torch)
    device.cuda_emulator_contexts.restype = ctypes.c_uint64
"""


def test_devices_get_a_context_when_they_are_used(torch, emulator):
    """To ask for them, to seed and to run backward on the CPU uses none; one is no other."""
    assert run_alone("""
assert torch.cuda.is_available() and torch.cuda.device_count() == 2
torch.manual_seed(3)
torch.ones(2, requires_grad=True).sum().backward()
print(device.cuda_emulator_contexts())
torch.ones(2, device="cuda:0")
print(device.cuda_emulator_contexts())
""").split() == ["0", "1"]


def test_a_device_that_is_first_used_later_has_the_seed(torch):
    torch.manual_seed(3)
    expected = torch.rand(4, device="cuda").tolist()
    assert run_alone("""
torch.cuda.is_available()
torch.manual_seed(3)
print(torch.rand(4, device="cuda").tolist())
""") == str(expected)


def test_a_forked_child_of_a_process_that_counted_devices(torch):
    """To count is to start the driver, of which the child has nothing. It is told so."""
    assert run_alone("""
assert torch.cuda.is_available()
child = os.fork()
if child == 0:
    try:
        torch.ones(2, device="cuda")
    except RuntimeError as error:
        assert "Cannot re-initialize CUDA in forked subprocess" in str(error), error
        os._exit((torch.ones(2) + 1).tolist() != [2, 2])
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""") == "0"


def test_a_forked_child_is_told_to_start_afresh(torch):
    """A child of a process that has used a device; the host's tensors work in it."""
    assert run_alone("""
x = torch.ones(2, device="cuda")
y = torch.ones(2)
child = os.fork()
if child == 0:
    for use in (lambda: x + 1, lambda: torch.ones(2, device="cuda"), torch.cuda.synchronize, x.cpu):
        try:
            use()
        except RuntimeError as error:
            assert "Cannot re-initialize CUDA in forked subprocess" in str(error), error
        else:
            os._exit(1)
    del x
    os._exit(0 if (y + 1).tolist() == [2, 2] else 2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print((x + 1).tolist())
""") == "[2.0, 2.0]"


def test_devices_do_not_mix(torch, two_devices):
    a, b = torch.ones(2, device="cuda:0"), torch.ones(2, device="cuda:1")
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        a + b


def test_a_device_and_the_host_do_not_mix(torch):
    a = torch.ones(2, device="cuda:0")
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        a + torch.ones(2)
    number = torch.tensor(2.0)
    assert (a + number).tolist() == [3, 3]  # but a number may come from the CPU
    with pytest.raises(RuntimeError, match="two devices, cuda:0 and cpu"):
        number.add_(a[0])
    with pytest.raises(RuntimeError, match="two devices, cuda:0 and cpu"):
        torch.add(a, a, out=torch.empty(2))
    assert number.item() == 2


def test_a_number_of_the_host_meets_one_of_the_device(torch):
    for there in (torch.tensor(2.0, device="cuda"), torch.ones(3, device="cuda") * 2):
        total = there + torch.tensor(0.5)
        assert str(total.device) == "cuda:0"
        assert set(total.reshape(-1).tolist()) == {2.5}


def test_gradients_go_back_to_the_device_they_belong_to(torch):
    """PyTorch's rule: the gradient of a number of the CPU is one of the CPU."""
    number = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    there = torch.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    for result in (number * there, there * number, there + number * number, there / number):
        number.grad = there.grad = None
        result.sum().backward()
        assert str(number.grad.device) == "cpu" and number.grad.dtype == torch.float64
        assert str(there.grad.device) == "cuda:0" and there.grad.dtype == torch.float32
    assert there.grad.tolist() == pytest.approx([1 / 3, 1 / 3])
    assert number.grad.item() == pytest.approx(-3 / 9)


def test_second_derivatives_across_devices(torch):
    x = torch.tensor(2.0, requires_grad=True)
    there = torch.tensor([1.0, 3.0], device="cuda", requires_grad=True)
    (first,) = torch.autograd.grad((x * x * x * there).sum(), x, create_graph=True)
    assert str(first.device) == "cpu" and first.item() == 48  # 3 x^2 (1 + 3)
    second, mixed = torch.autograd.grad(first, (x, there))
    assert second.item() == 48 and str(second.device) == "cpu"
    assert mixed.tolist() == [12, 12] and str(mixed.device) == "cuda:0"


def test_a_gradient_of_the_wrong_device(torch):
    y = torch.ones(2, device="cuda", requires_grad=True) * 2
    wrong = "invalid gradient at index 0 - expected device cuda:0 but got cpu"
    with pytest.raises(RuntimeError, match=f"^{wrong}$"):
        y.backward(torch.ones(2))
    (y * y).sum().backward(torch.tensor(1.0))  # but a number may come from the CPU
    x = torch.ones(2, device="cuda", requires_grad=True)
    with pytest.raises(RuntimeError, match="device"):
        x.grad = torch.ones(2)
    assert x.grad is None


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_draws_the_devices_numbers_again(torch, reentrant):
    from libtensor.utils.checkpoint import checkpoint

    x = torch.ones(5, device="cuda", requires_grad=True)
    torch.manual_seed(3)
    y = checkpoint(lambda a: a.exp() * torch.rand(5, device="cuda"), x, use_reentrant=reentrant)
    between = torch.rand(5, device="cuda").tolist()
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()
    after = torch.rand(5, device="cuda").tolist()
    torch.manual_seed(3)
    drawn = [torch.rand(5, device="cuda").tolist() for _ in range(3)]
    assert drawn[1:] == [between, after] and len({tuple(d) for d in drawn}) == 3


def test_copies_with_strides_and_dtypes(torch):
    x = torch.arange(24).view(2, 3, 4)
    there = x.to("cuda").transpose(0, 2)
    assert there.tolist() == x.transpose(0, 2).tolist()
    assert there.to("cpu", torch.float16).tolist() == x.transpose(0, 2).to(torch.float16).tolist()
    y = torch.zeros(4, 3, 2)
    y.copy_(there)
    assert y.tolist() == x.transpose(0, 2).tolist()


def test_copies_between_devices(torch, two_devices):
    there = torch.arange(24).view(2, 3, 4).to("cuda").transpose(0, 2)
    assert there.to("cuda:1").to("cpu").tolist() == there.tolist()


def test_random_numbers_are_pytorchs(torch):
    """As PyTorch prints them on a GPU, for numbers that need one thread each."""
    torch.manual_seed(0)
    assert [round(v, 4) for v in torch.rand(6, device="cuda").tolist()] == [
        0.3990, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967]  # fmt: skip
    torch.manual_seed(0)
    assert [round(v, 4) for v in torch.randn(6, device="cuda").tolist()] == [
        -0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_random_numbers_go_on(torch, dtype):
    """The second call draws other numbers; the seed brings the first ones back."""
    kind = getattr(torch, dtype)
    torch.manual_seed(5)
    first, second = (torch.rand(2000, dtype=kind, device="cuda") for _ in range(2))
    assert not torch.equal(first, second)
    torch.manual_seed(5)
    assert torch.equal(first, torch.rand(2000, dtype=kind, device="cuda"))
    assert 0 <= first.min().item() and first.max().item() < 1
    normal = torch.randn(4000, dtype=kind, device="cuda").to(torch.float64)
    assert abs(normal.mean().item()) < 0.1
    assert abs((normal * normal).mean().item() - 1) < 0.1


def test_the_current_device(torch, two_devices):
    """What "cuda" stands for, in each thread."""
    from threading import Thread

    assert torch.cuda.current_device() == 0
    torch.cuda.set_device(1)
    try:
        assert torch.cuda.current_device() == 1
        assert str(torch.ones(1, device="cuda").device) == "cuda:1"
        assert str(torch.ones(1).cuda().device) == "cuda:1"
        assert str(torch.ones(1, device="cuda:0").device) == "cuda:0"
        assert torch.cuda.Stream().cuda_stream != torch.cuda.Stream("cuda:0").cuda_stream
        seen = []
        thread = Thread(target=lambda: seen.append(torch.cuda.current_device()))
        thread.start()
        thread.join()
        assert seen == [0]
        with pytest.raises(RuntimeError, match="invalid device ordinal"):
            torch.cuda.set_device(torch.cuda.device_count())
        assert torch.cuda.current_device() == 1
    finally:
        torch.cuda.set_device(0)


def test_tf32_only_where_it_is_asked_for(torch):
    """1 + 2^-11 is no TF32 number."""
    x = torch.full((4, 4), 1 + 2**-11, device="cuda")
    identity = torch.eye(4).to("cuda")
    assert torch.equal(x @ identity, x)
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        assert torch.get_float32_matmul_precision() == "high"
        rounded = (x @ identity).tolist()
        assert torch.equal(x.double() @ identity.double(), x.double())
    finally:
        torch.set_float32_matmul_precision("highest")
    assert rounded == [[1.0] * 4] * 4
    assert not torch.backends.cuda.matmul.allow_tf32
    assert torch.equal(x @ identity, x)
