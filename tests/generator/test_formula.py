"""Formulas: a node keeps what they use, and nothing else."""

import model
import pytest
from formula import all_saved, formulas


@pytest.fixture
def saved(read_ops, row):
    """What the node keeps for the formulas given: (kind, source, attribute)."""

    def find(**gradient: str) -> set[tuple[str, str, str]]:
        head = row.split("self = ")[0]
        text = head + "\n".join(f'{arg} = "{formula}"' for arg, formula in gradient.items())
        (op,) = read_ops(text)
        return {(item.kind, item.source, item.attribute) for item in all_saved(op)}

    return find


def test_nothing_is_kept_where_nothing_is_used(saved):
    assert saved(self="grad", end="neg(grad)") == set()


def test_tensors_results_and_values(saved):
    kept = saved(self="mul(grad, end)", end="mul_scalar(mul(grad, result), weight)")
    assert kept == {("input", "end", ""), ("output", "result", ""), ("value", "weight", "")}


def test_an_attribute_keeps_no_tensor_alive(saved):
    kept = saved(self="reshape(grad, self.shape())", end="to_like(grad, end.dtype())")
    assert kept == {("attribute", "self", "shape"), ("attribute", "end", "dtype")}


def test_both_an_attribute_and_the_tensor(saved):
    kept = saved(self="sum_to_size(mul(grad, self), self.shape())")
    assert kept == {("input", "self", ""), ("attribute", "self", "shape")}


def test_a_function_may_have_an_arguments_name(saved):
    assert saved(self="end(grad)") == set()


def test_each_is_kept_once_and_says_for_whom():
    (mul,) = [op for op in model.all_ops(model.load()) if op.name == "mul"]
    users = {item.source: args for item, args in all_saved(mul).items()}
    assert users == {"other": ["self"], "self": ["other"]}


def test_formulas_name_the_members(read_ops, row):
    (op,) = read_ops(row)
    first, second = formulas(op)
    assert first.expression == "mul_scalar(grad, weight_)"
    assert second.expression == "scale(grad, weight_, self_shape_)"


def test_an_attribute_that_no_node_keeps_is_refused(saved):
    with pytest.raises(model.TableError, match=r"blend: .*'end'.*end\.numel"):
        saved(self="grad", end="mul_scalar(grad, end.numel())")
