"""Device memory: levels, limits, who holds what. On the CPU here; tests/cuda has the device's."""

import gc

import libtensor as torch
import pytest

BIG = 1 << 20  # elements: 4 MiB


def test_levels_follow_the_tensors():
    gc.collect()
    before = torch.memory.stats()
    x = torch.ones(BIG)
    during = torch.memory.stats()
    assert during.allocated == before.allocated + 4 * BIG
    assert during.active >= during.allocated
    assert during.reserved >= during.active
    assert during.allocations == before.allocations + 1
    del x
    after = torch.memory.stats()
    assert after.allocated == before.allocated
    assert after.allocated_peak >= before.allocated + 4 * BIG
    torch.memory.reset_peaks()
    assert torch.memory.stats().allocated_peak == after.allocated
    assert sum(each.allocated for each in torch.memory.stream_stats().values()) == after.allocated


def test_blocks_say_who_has_them():
    with torch.memory.tag("mine"):
        x = torch.ones(BIG)
    blocks = [block for block in torch.memory.snapshot() if block.tag == "mine"]
    assert [block.requested for block in blocks] == [4 * BIG]
    assert (blocks[0].state, blocks[0].operation) == ("used", "tensor_ones")
    assert torch.memory.tag_bytes("mine")[0] == 4 * BIG
    del x
    assert torch.memory.tag_bytes("mine")[0] == 0


def test_a_budget_and_its_callback():
    torch.memory.set_budget(6 * BIG, tag="limited")
    kept, asked = [], []

    def let_go(device, bytes):
        asked.append((str(device), bytes))
        had = bool(kept)
        kept.clear()
        return had

    torch.memory.on_pressure(let_go)
    try:
        with torch.memory.tag("limited"):
            kept.append(torch.ones(BIG))
            x = torch.ones(BIG)  # takes the place of the first
            with pytest.raises(torch.OutOfMemoryError, match="the tag 'limited'"):
                torch.ones(BIG)
    finally:
        torch.memory.on_pressure(None)
        torch.memory.set_budget(None, tag="limited")
    assert asked == [("cpu", 4 * BIG)] * 2
    assert x.sum().item() == BIG


def test_a_history_can_be_replayed():
    torch.memory.record_history(100)
    x = torch.ones(BIG)
    del x
    lines = torch.memory.history().splitlines()
    torch.memory.record_history(0)
    events = [line.split()[0] for line in lines if not line.startswith("#")]
    assert events == ["a", "f"]
    with pytest.raises(RuntimeError, match="no history is being recorded"):
        torch.memory.history()


def test_the_cache_is_emptied():
    x = torch.ones(8 * BIG)
    del x
    torch.memory.empty_cache()
    found = torch.memory.stats()
    assert found.reserved - found.active < 8 * BIG


def test_devices_that_are_not_there():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(RuntimeError):
        torch.memory.stats("cuda")
    with pytest.raises(RuntimeError, match="Cannot access accelerator device when none is availab"):
        torch.ones(2).pin_memory()
    assert not torch.ones(2).is_pinned()
    torch.cuda.empty_cache()  # nothing to do


def test_cycles_are_collected_before_memory_is_out():
    """What holds itself is not found until the collector runs, which counts objects, not bytes."""
    gc.collect()
    gc.disable()
    torch.memory.set_budget(torch.memory.stats().reserved + 64 * 2**20)
    try:
        for _ in range(50):
            cycle = [torch.ones(2**20)]
            cycle.append(cycle)
        with pytest.raises(torch.OutOfMemoryError):
            torch.ones(2**30)
    finally:
        torch.memory.set_budget(None)
        gc.enable()
        del cycle
        gc.collect()


INPLACE = {
    "index_add_": lambda x, rows, values: x.index_add_(0, rows[:, 0].contiguous(), values),
    "scatter_": lambda x, rows, values: x.scatter_(0, rows, values),
    "scatter_add_": lambda x, rows, values: x.scatter_add_(0, rows, values),
}


@pytest.mark.parametrize("name", INPLACE)
def test_writing_in_place_copies_nothing(name):
    x, values = torch.zeros([BIG // 4, 4]), torch.ones([2, 4])
    rows = values.to(torch.int64)
    gc.collect()
    torch.memory.reset_peaks()
    before = torch.memory.stats().allocated
    INPLACE[name](x, rows, values)
    assert torch.memory.stats().allocated_peak < before + BIG
    assert x[1].tolist() == [1 if name == "scatter_" else 2] * 4


def test_products_go_where_they_are_told():
    column, row, out = torch.ones([1024, 1]), torch.ones([1, 1024]), torch.ones([1024, 1024])
    gc.collect()
    torch.memory.reset_peaks()
    before = torch.memory.stats().allocated
    out.addmm_(column, row)
    assert out[3, 5].item() == 2
    torch.mm(column, row, out=out)
    assert out[3, 5].item() == 1
    assert torch.memory.stats().allocated_peak < before + BIG


def test_writing_to_an_out_copies_nothing():
    x, rows, out = torch.ones([BIG // 4, 4]), torch.arange(BIG // 4), torch.empty([BIG // 4, 4])
    wide = rows.unsqueeze(1).expand([BIG // 4, 4])
    gc.collect()
    torch.memory.reset_peaks()
    before = torch.memory.stats().allocated
    torch.index_select(x, 0, rows, out=out)
    torch.gather(x, 0, wide, out=out)
    torch.softmax(x, 1, out=out)
    torch.cat([x[:100], x[100:]], out=out)
    torch.sum(x.unsqueeze(0), 0, out=out)
    assert torch.memory.stats().allocated_peak < before + BIG
