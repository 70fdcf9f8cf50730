"""Bad indices, targets and divisors: the host does not wait to learn of them, and yet does."""

import pytest

IN_DIM = "index {} is out of bounds for dimension {} with size {}"
IN_SELF = "index out of range in self"


class Calls:
    """Calls that meet a bad number, by the name of the operation that does."""

    def __init__(self, torch):
        self.torch, self.functional = torch, torch.nn.functional
        self.x = torch.arange(12, dtype=torch.float32, device="cuda").view(3, 4)
        self.made = {}

    def whole(self, *numbers, dtype="int64"):
        """Made when first asked for: the host waits when it copies them to the device."""
        key = str(numbers), dtype
        if key not in self.made:
            wanted = getattr(self.torch, dtype)
            self.made[key] = self.torch.tensor(numbers, dtype=wanted, device="cuda")
        return self.made[key]

    def prepare(self, *names):
        """Make what these calls need."""
        for name in names:
            getattr(self, name)()
            with pytest.raises((IndexError, RuntimeError)):
                self.torch.cuda.synchronize()

    def gather(self):
        return self.x.gather(0, self.whole([0, 7, 1, 2]))

    def gather_negative(self):
        return self.x.gather(1, self.whole([0], [-1], [3]))

    def gather_from_none(self):
        return self.torch.empty(0, 4, device="cuda").gather(0, self.whole([0, 0, 0, 0]))

    def scatter(self):
        return self.x.scatter(0, self.whole([0, 1, 2, 3]), self.torch.ones(1, 4, device="cuda"))

    def scatter_add(self):
        return self.x.scatter_add(1, self.whole([4]), self.torch.ones(1, 1, device="cuda"))

    def index_select(self):
        return self.x.index_select(1, self.whole(0, 4))

    def index_select_int32(self):
        return self.x.index_select(0, self.whole(-1, dtype="int32"))

    def index_add(self):
        return self.x.index_add(0, self.whole(5), self.torch.ones(1, 4, device="cuda"))

    def index_add_vector(self):
        return self.x[0].clone().index_add_(0, self.whole(4), self.torch.ones(1, device="cuda"))

    def nll_loss(self):
        return self.functional.nll_loss(self.x, self.whole(0, 9, 1))

    def nll_loss_of_rows(self):
        return self.functional.nll_loss(self.x, self.whole(0, -1, 1), reduction="none")

    def cross_entropy(self):
        leaf = self.x.clone().requires_grad_(True)
        self.functional.cross_entropy(leaf, self.whole(0, 4, 1)).backward()
        return leaf.grad

    def floor_divide(self):
        return self.whole(*range(20)) // self.whole(*range(19, -1, -1))

    def remainder(self):
        return self.whole(7, 8, dtype="uint8") % self.whole(0, dtype="uint8")

    def div_trunc(self):
        strided = self.whole([1, 2], [0, 4]).t()
        return self.torch.div(self.whole([7, 7], [7, 7]), strided, rounding_mode="trunc")


CASES = [
    ("gather", RuntimeError, IN_DIM.format(7, 0, 3), "gather"),
    ("gather_negative", RuntimeError, IN_DIM.format(-1, 1, 4), "gather"),
    ("gather_from_none", RuntimeError, IN_DIM.format(0, 0, 0), "gather"),
    ("scatter", RuntimeError, IN_DIM.format(3, 0, 3), "scatter"),
    ("scatter_add", RuntimeError, IN_DIM.format(4, 1, 4), "scatter_add"),
    ("index_select", IndexError, IN_SELF, "index_select"),
    ("index_select_int32", IndexError, IN_SELF, "index_select"),
    ("index_add", RuntimeError, IN_DIM.format(5, 0, 3), "index_add"),
    ("index_add_vector", IndexError, IN_SELF, "index_add"),
    ("nll_loss", IndexError, "Target 9 is out of bounds.", "nll_loss"),
    ("nll_loss_of_rows", IndexError, "Target -1 is out of bounds.", "nll_loss"),
    ("cross_entropy", IndexError, "Target 4 is out of bounds.", "nll_loss"),
    ("floor_divide", RuntimeError, "ZeroDivisionError", "div_floor"),
    ("remainder", RuntimeError, "ZeroDivisionError", "remainder"),
    ("div_trunc", RuntimeError, "ZeroDivisionError", "div_trunc"),
]


@pytest.fixture
def calls(torch):
    return Calls(torch)


@pytest.fixture
def at_once(torch):
    torch.cuda.check_at_once()
    yield
    torch.cuda.check_at_once(False)


def told(error, text):
    """The next call that waits raises the error, once."""
    return pytest.raises(error, match=f"^{text.replace('.', '[.]')}")


@pytest.mark.parametrize(("name", "error", "text", "operation"), CASES)
def test_the_host_is_told_when_it_waits(torch, emulator, calls, seed, name, error, text, operation):
    """With the operation's name, once, and the device goes on."""
    call = getattr(calls, name)
    torch.cuda.synchronize()
    kept = call()
    with told(error, rf"{text} \(cuda:0 met this in {operation}, an earlier call"):
        torch.cuda.synchronize()
    torch.cuda.synchronize()
    assert calls.x.sum().item() == 66
    assert kept.device.type == "cuda"


@pytest.mark.parametrize(("name", "error", "text", "operation"), CASES)
def test_at_once(torch, calls, at_once, name, error, text, operation):
    """On request the call itself fails, in the same words, and changes nothing."""
    with pytest.raises(error) as raised:
        getattr(calls, name)()
    assert str(raised.value) == text
    torch.cuda.synchronize()
    assert calls.x.sum().item() == 66


def test_a_failing_call_changes_nothing_at_once(torch, calls, at_once):
    ones = torch.ones(1, 4, device="cuda")
    for _ in range(2):
        with told(RuntimeError, IN_DIM.format(7, 0, 3)):
            calls.x.scatter_(0, calls.whole([0, 7, 1, 1]), ones)
    assert calls.x.flatten().tolist() == list(range(12))


WAITS = {
    "synchronize": lambda torch, x, event: torch.cuda.synchronize(),
    "stream": lambda torch, x, event: torch.cuda.current_stream().synchronize(),
    "event": lambda torch, x, event: event.synchronize(),
    "item": lambda torch, x, event: x.sum().item(),
    "cpu": lambda torch, x, event: x.cpu(),
    "tolist": lambda torch, x, event: x.tolist(),
    "print": lambda torch, x, event: repr(x),
    "equal": lambda torch, x, event: torch.equal(x, x + 1),
}


@pytest.mark.parametrize("wait", WAITS)
def test_whatever_waits_tells(torch, calls, wait):
    calls.gather()
    event = torch.cuda.Event()
    event.record()
    with told(RuntimeError, IN_DIM.format(7, 0, 3)):
        WAITS[wait](torch, calls.x, event)
    WAITS[wait](torch, calls.x, event)


def test_who_asks_whether_the_work_is_done_is_told(torch, calls):
    calls.gather()
    event = torch.cuda.Event()
    event.record()
    with told(RuntimeError, IN_DIM.format(7, 0, 3)):
        assert not event.query()
    assert torch.cuda.current_stream().query()


def test_the_first_of_several_is_told(torch, calls):
    names = "nll_loss", "gather", "floor_divide"
    calls.prepare(*names)
    for name in names:
        getattr(calls, name)()
    with told(IndexError, "Target 9 is out of bounds. "):
        torch.cuda.synchronize()
    calls.floor_divide()
    with told(RuntimeError, "ZeroDivisionError"):
        torch.cuda.synchronize()


def test_devices_have_an_error_each(torch, calls, two_devices):
    calls.gather()
    torch.cuda.synchronize("cuda:1")
    x = torch.zeros(3, device="cuda:1")
    x.gather(0, torch.tensor([3], device="cuda:1"))
    with told(RuntimeError, IN_DIM.format(3, 0, 3) + r" \(cuda:1"):
        torch.cuda.synchronize("cuda:1")
    with told(RuntimeError, IN_DIM.format(7, 0, 3) + r" \(cuda:0"):
        torch.cuda.synchronize("cuda:0")


def test_bad_elements_are_left_out(torch, calls):
    """What the good indices name is as it should be."""
    x, ones = calls.x, torch.ones(3, 4, device="cuda")
    index = calls.whole(2, 9, 2)
    results = [
        x.index_select(0, index),
        x.index_add(0, index, ones),
        x.scatter(0, index.view(3, 1), ones),
        x.scatter_add(0, index.view(3, 1), ones),
    ]
    with pytest.raises(IndexError):
        torch.cuda.synchronize()
    selected, added, scattered, scatter_added = (result.tolist() for result in results)
    assert selected == [[8, 9, 10, 11], [0, 0, 0, 0], [8, 9, 10, 11]]
    assert added == [[0, 1, 2, 3], [4, 5, 6, 7], [10, 11, 12, 13]]
    assert scattered == [[0, 1, 2, 3], [4, 5, 6, 7], [1, 9, 10, 11]]
    assert scatter_added == [[0, 1, 2, 3], [4, 5, 6, 7], [10, 9, 10, 11]]


def test_ignored_targets_are_no_fault(torch, calls):
    loss = torch.nn.functional.cross_entropy(calls.x, calls.whole(-100, 1, -100))
    assert loss.item() == pytest.approx(2.4401897)


def waiting(emulator, call):
    """How often the host waits in a call."""
    before = emulator.cuda_emulator_waits()
    call()
    return emulator.cuda_emulator_waits() - before


@pytest.mark.parametrize("name", [case[0] for case in CASES])
def test_no_operation_waits(torch, emulator, calls, name):
    calls.prepare(name)
    assert waiting(emulator, getattr(calls, name)) == 0
    with pytest.raises((IndexError, RuntimeError)):
        torch.cuda.synchronize()


def test_a_step_of_training_does_not_wait(torch, emulator):
    first, second = (torch.rand(8, 8, device="cuda", requires_grad=True) for _ in range(2))
    x = torch.rand(4, 8, device="cuda")
    target = torch.tensor([1, 2, 3, 4], device="cuda")

    def step():
        loss = torch.nn.functional.cross_entropy((x @ first).relu() @ second, target)
        for weight, grad in zip((first, second), torch.autograd.grad(loss, (first, second))):
            weight.data.sub_(grad, alpha=0.1)

    step()
    assert waiting(emulator, step) == 0
    assert waiting(emulator, lambda: x.sum().item()) == 1
