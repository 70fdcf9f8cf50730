"""The gate must be seen to fail: the comparison refuses every kind of wrong result.

Runs without the library: a planted fault goes through the same code as a replay's results.
"""

from dataclasses import replace

import numpy as np
import pytest
from replay.compare import Rule, difference, normalise
from replay.formulas import generate
from replay.outcome import Failed, Seen, from_json, to_json

RIGHT = Seen("float32", (2, 2), (2, 1), np.array([1, 2, np.nan, -0.0], np.float32), [0, 0])


def _with(index, value):
    bits = RIGHT.bits.copy()
    bits[index] = value
    return replace(RIGHT, bits=bits)


WRONG = {
    "value": _with(1, 2.1),
    "nan missing": _with(2, 3.0),
    "nan in excess": _with(0, np.nan),
    "infinity": _with(1, np.inf),
    "dtype": replace(RIGHT, dtype="float64", bits=RIGHT.bits.astype(np.float64)),
    "shape": replace(RIGHT, shape=(4,), strides=(1,)),
    "strides": replace(RIGHT, strides=(1, 2)),
    "memory": replace(RIGHT, alias=None),
    "kind": 1.0,
    "error": Failed("RuntimeError", "no"),
    "count": [RIGHT, RIGHT],
}


def test_the_right_result_passes():
    assert difference(RIGHT, from_json(to_json(RIGHT)), Rule(strides=True, alias=True)) is None


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_result_fails(fault):
    assert difference(RIGHT, WRONG[fault], Rule(strides=True, alias=True))


def test_exact_operations_refuse_the_last_bit():
    near = _with(1, np.nextafter(np.float32(2), np.float32(3)))
    assert difference(RIGHT, near, Rule("exp")) is None
    assert difference(RIGHT, near, Rule("mul"))


def test_exact_operations_refuse_the_sign_of_zero():
    assert difference(RIGHT, _with(3, 0.0), Rule("mul"))
    assert difference(RIGHT, _with(3, 0.0), Rule("maximum")) is None


def test_integers_are_exact():
    one = Seen("int64", (1,), (1,), np.array([2**60], np.int64))
    assert difference(one, replace(one, bits=one.bits + 1), Rule("exp"))


def test_bfloat16_is_compared_as_numbers():
    one = Seen("bfloat16", (1,), (1,), np.array([0x3F80], np.uint16))
    assert difference(one, replace(one, bits=one.bits + np.uint16(1)), Rule("exp")) is None
    assert difference(one, replace(one, bits=one.bits + np.uint16(4)), Rule("exp"))


@pytest.mark.parametrize("operation", ["exp", "mul"])
@pytest.mark.parametrize("position", [0, 501, 9999])
def test_one_wrong_element_of_a_large_result_fails(operation, position):
    bits = generate("fine", 10000, "float32", 1)
    large = Seen("float32", (100, 100), (100, 1), bits)
    recorded = from_json(to_json(large))
    assert recorded.digest and difference(recorded, large, Rule(operation)) is None
    wrong = bits.copy()
    wrong[position] += 1
    assert difference(recorded, replace(large, bits=wrong), Rule(operation))


@pytest.mark.parametrize("kind, message", [("IndexError", "too large"), ("RuntimeError", "small")])
def test_a_wrong_error_fails(kind, message):
    right = Failed("RuntimeError", "too large")
    assert difference(right, Failed("RuntimeError", "too large"), Rule()) is None
    assert difference(right, Failed(kind, message), Rule())
    assert difference(right, RIGHT, Rule())


@pytest.mark.parametrize("one, other", [("a", "b"), (1, 1.0), (True, 1), (None, 0), (1.0, 2.0)])
def test_wrong_plain_values_fail(one, other):
    assert difference(one, one, Rule()) is None
    assert difference(one, other, Rule())


def test_messages_lose_only_what_names_pytorch_s_inside():
    assert normalise("\"add_stub\" not implemented for 'Bool'") == "not implemented for 'Bool'"
    kept = "The size of tensor a (3) must match the size of tensor b (4)"
    assert normalise(kept) == kept
