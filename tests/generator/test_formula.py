"""Formulas: a node keeps what they use, and nothing else."""

import model
import pytest
from emit_functions import function_body
from emit_nodes import apply_body
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


SEVERAL = """
[[op]]
name = "parts"
args = "Tensor self, Tensor end, Tensor weight, int k=1"
returns = "Tensor low, Tensor high, Tensor order"
kernel = "compute"
node = "PartsBackward0"
doc = "Two tensors, and the order of their elements."
[op.gradient]
weight = "mul(grad_low, self)"
"self, end" = "parts_backward(grad_low, grad_high, self, order, k, wanted)"
"""


def test_gradients_of_several_results_and_of_several_arguments_at_once(read_ops):
    (op,) = read_ops(SEVERAL)
    assert [result.name for result in op.differentiable_results] == ["low", "high"]
    assert op.differentiable == ("weight", "self", "end")  # the order of the node's edges
    users = {item.member: args for item, args in all_saved(op).items()}
    assert users == {
        "self_": ["weight", "self", "end"],
        "order_": ["self", "end"],
        "k_": ["self", "end"],
    }
    source = "\n".join(apply_body(op))
    assert "const Tensor& grad_low = gradients[0];" in source
    assert "const Tensor& grad_high = gradients[1];" in source
    assert "if (!grad_low.defined() && !grad_high.defined()) return;" in source
    assert "if (should_compute(1) || should_compute(2)) {" in source
    assert "const std::array<bool, 2> wanted = {should_compute(1), should_compute(2)};" in source
    assert "results[2] = std::move(computed[1]);" in source
    assert "autograd::set_history(std::array{low, high}, node);" in "\n".join(function_body(op))


@pytest.mark.parametrize(
    "right, wrong, said",
    [
        (", wanted)", ")", "'self, end'.*wanted"),
        ("mul(grad_low, self)", "mul(grad_low, wanted)", "'weight'.*wanted"),
        ("mul(grad_low, self)", "mul(grad, self)", "which one's is `grad`"),
        ("weight =", "end =", "two gradients"),
        ("kernel =", 'variants = ["function", "inplace"]\nkernel =', "no in-place form"),
    ],
)
def test_what_does_not_fit_several_results_is_refused(read_ops, right, wrong, said):
    assert right in SEVERAL
    with pytest.raises(model.TableError, match=f"^parts: .*{said}"):
        read_ops(SEVERAL.replace(right, wrong, 1))


def test_one_result_of_several_is_the_first(read_ops):
    (op,) = read_ops(SEVERAL.replace("grad_low, grad_high", "grad").replace("grad_low", "grad"))
    assert [result.name for result in op.differentiable_results] == ["low"]
    assert "const Tensor& grad = gradients[0];" in "\n".join(apply_body(op))


def test_an_attribute_that_no_node_keeps_is_refused(saved):
    with pytest.raises(model.TableError, match=r"blend: .*'end'.*end\.numel"):
        saved(self="grad", end="mul_scalar(grad, end.numel())")
