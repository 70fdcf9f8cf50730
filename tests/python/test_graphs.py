"""Graphs seen from Python: memory, pictures, places of anomalies; and that callbacks are let go."""

import warnings
from xml.dom import minidom

import libtensor
import pytest
from libtensor._user import _held
from libtensor.autograd import graph_memory, graph_to_dot, graph_to_html, graph_to_svg
from libtensor.utils.checkpoint import CheckpointError, checkpoint


def leaf():
    return libtensor.tensor([0.5, -1.0], requires_grad=True)


def test_memory_counts_shared_storage_once():
    x = leaf()
    memory = graph_memory((x * x).exp().sum())
    assert (memory.nodes, memory.saved_tensors, memory.saved_storages) == (4, 3, 2)
    assert memory.saved_bytes == 16
    assert graph_memory([x * x, x * x]).saved_bytes == 8


def test_pictures_name_leaves_and_saved_tensors():
    x = leaf()
    y = (x * x).sum()
    dot = graph_to_dot(y, names={"my leaf": x}, show_saved=True)
    assert "my leaf\\nfloat32 [2]" in dot
    assert "self: float32 [2], 8 B" in dot
    root = minidom.parseString(graph_to_svg(y, names={"<&>": x})).documentElement
    texts = [node.firstChild.data for node in root.getElementsByTagName("text")]
    assert {"<&>", "MulBackward0", "SumBackward0"} <= set(texts)
    assert "<svg" in graph_to_html(y)


def test_anomaly_tells_the_python_stack(torch):
    zero = torch.tensor(0.0, requires_grad=True)

    def culprit():
        return zero.sqrt() * 0

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.autograd.detect_anomaly():
            y = culprit()
            with pytest.raises(RuntimeError, match="nan values") as error:
                y.backward()
    assert "in culprit" in str(error.value)
    assert "test_graphs.py" in str(error.value)
    assert "libtensor/_" not in str(error.value)


def test_detect_anomaly_warns(torch):
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        torch.autograd.detect_anomaly()


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointed_functions_ask_again_for_what_they_saved(reentrant):
    class Square(libtensor.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (first,), (second,) = ctx.saved_tensors, ctx.saved_tensors
            return grad * first + grad * second

    x = leaf()
    y = checkpoint(Square.apply, x, use_reentrant=reentrant).sum()
    if reentrant:
        y.backward()
        assert x.grad.tolist() == [1.0, -2.0]
    else:
        with pytest.raises(CheckpointError, match="already unpacked once"):
            y.backward()
    outside = Square.apply(x)
    x.grad = None
    outside.sum().backward()
    assert x.grad.tolist() == [1.0, -2.0]


def test_checkpoint_lets_go_of_its_function(torch):
    x = leaf()
    before = len(_held)
    y = checkpoint(lambda a: a.exp().tanh(), x, use_reentrant=False)
    assert len(_held) == before + 1
    y.sum().backward()
    assert len(_held) == before
    with pytest.raises(RuntimeError):
        checkpoint(lambda a: a.view(7), x, use_reentrant=False)
    with torch.no_grad():
        checkpoint(torch.exp, x, use_reentrant=False)
    del y
    assert len(_held) == before


def test_exception_of_the_second_run_comes_out_of_backward():
    x = leaf()
    runs = []

    def fickle(a):
        runs.append(a)
        if len(runs) > 1:
            raise KeyError("mine")
        return a.exp()

    y = checkpoint(fickle, x, use_reentrant=False)
    with pytest.raises(KeyError, match="mine"):
        y.sum().backward()
    runs.clear()


def test_gradcheck_warns_of_single_precision(torch):
    x = leaf()
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double"):
        torch.autograd.gradcheck(lambda a: a * a, x, raise_exception=False)


def test_gradcheck_error_is_a_runtime_error(torch):
    from libtensor.autograd.gradcheck import GradcheckError

    point = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match="(?s)numerical:.*analytical:"):
        torch.autograd.gradcheck(lambda a: a * a.detach(), point)
    assert issubclass(GradcheckError, RuntimeError)


def test_saved_tensors_are_attributes_of_the_node():
    x = leaf()
    y = x.exp()
    assert y.grad_fn._saved_result.tolist() == y.tolist()
    assert y.grad_fn._saved_result.grad_fn is y.grad_fn
    with pytest.raises(AttributeError):
        getattr(y.grad_fn, "_saved_other")  # noqa: B009 - that it is refused


def test_the_state_of_the_generator(torch):
    state = torch.get_rng_state()
    first = torch.rand(3).tolist()
    torch.set_rng_state(state)
    assert torch.rand(3).tolist() == first
    assert libtensor.get_rng_state().shape == (5056,)
