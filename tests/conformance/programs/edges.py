"""Backward from places in the graph and to them: GradientEdge in the place of tensors."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _graph(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    return x, y, (y * 3).sum()


def _edge(torch, tensor):
    return torch.autograd.graph.get_gradient_edge(tensor)


@program
def backward_from_an_edge(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward(_edge(torch, z))
    return [x.grad]


@program
def backward_after_the_tensor_is_gone(torch):
    x, y, z = _graph(torch)
    edge = _edge(torch, z)
    del y, z
    torch.autograd.backward(edge)
    return [x.grad]


@program
def backward_with_a_gradient(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward(_edge(torch, y), torch.tensor([10.0, 100.0]))
    return [x.grad]


@program
def backward_from_an_edge_and_a_tensor(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward([_edge(torch, y), z], [torch.ones(2), None])
    return [x.grad]


@program
def backward_to_the_edge_of_a_leaf(torch):
    x, y, z = _graph(torch)
    w = torch.ones(2, requires_grad=True)
    torch.autograd.backward(z + w.sum(), inputs=[_edge(torch, x)])
    return [x.grad, w.grad]


@program
def method_backward_to_the_edge_of_a_leaf(torch):
    x, y, z = _graph(torch)
    z.backward(inputs=_edge(torch, x))
    return [x.grad]


@program
def backward_with_create_graph(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward(_edge(torch, z), create_graph=True)
    return [x.grad, x.grad.requires_grad]


@program
def backward_without_a_gradient(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward(_edge(torch, y))


@program
def gradient_of_another_shape(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward(_edge(torch, y), torch.ones(3))


@program
def gradient_that_could_be_expanded(torch):
    x, y, z = _graph(torch)
    torch.autograd.grad(_edge(torch, y), x, torch.ones(1))


@program
def gradient_of_another_dtype(torch):
    x, y, z = _graph(torch)
    return torch.autograd.grad(_edge(torch, y), x, torch.ones(2, dtype=torch.float64))


@program
def grad_to_an_edge(torch):
    x, y, z = _graph(torch)
    return torch.autograd.grad(z, _edge(torch, y))


@program
def grad_to_an_edge_of_a_changed_tensor(torch):
    x, y, z = _graph(torch)
    edge = _edge(torch, y)
    y.mul_(2)
    return torch.autograd.grad(y.sum(), [edge, x, y])


@program
def grad_to_the_edge_of_a_leaf(torch):
    x, y, z = _graph(torch)
    return torch.autograd.grad(z, _edge(torch, x))


@program
def grad_from_edges_to_edges(torch):
    x, y, z = _graph(torch)
    edges = [_edge(torch, y), _edge(torch, x)]
    return torch.autograd.grad([_edge(torch, z), edges[0]], edges, [None, torch.ones(2)])


@program
def grad_from_the_edge_of_a_leaf(torch):
    x, y, z = _graph(torch)
    return torch.autograd.grad(_edge(torch, x), x, torch.ones(2))


@program
def grad_of_an_edge_made_by_hand(torch):
    x, y, z = _graph(torch)
    return torch.autograd.grad(torch.autograd.graph.GradientEdge(z.grad_fn, 0), x)


@program
def grad_of_an_output_that_does_not_exist(torch):
    x, y, z = _graph(torch)
    try:
        torch.autograd.grad(torch.autograd.graph.GradientEdge(z.grad_fn, 5), x)
    except IndexError:
        return "IndexError"


@program
def grad_to_one_of_several_outputs(torch):
    x, y, z = _graph(torch)
    first, second = (x * 2).split(1)
    edges = [_edge(torch, first), _edge(torch, second)]
    return torch.autograd.grad((first * 5 + second * 7).sum(), [edges[1], edges[0]])


@program
def unused_edge(torch):
    x, y, z = _graph(torch)
    w = torch.ones(2, requires_grad=True)
    torch.autograd.grad(z, _edge(torch, w))


@program
def unused_edge_that_is_allowed(torch):
    x, y, z = _graph(torch)
    w = torch.ones(2, requires_grad=True)
    return torch.autograd.grad(z, [_edge(torch, y), _edge(torch, w)], allow_unused=True)


@program
def unused_edge_materialized(torch):
    x, y, z = _graph(torch)
    w = torch.ones(2, requires_grad=True)
    torch.autograd.grad(z, [_edge(torch, w)], materialize_grads=True)


@program
def tensor_without_a_graph_beside_an_edge(torch):
    x, y, z = _graph(torch)
    torch.autograd.backward([_edge(torch, z), torch.ones(1)])


@program
def input_without_a_graph_beside_an_edge(torch):
    x, y, z = _graph(torch)
    torch.autograd.grad(_edge(torch, z), [x, torch.ones(1)])


@program
def edge_of_a_tensor_without_a_graph(torch):
    _edge(torch, torch.ones(2))


@program
def graph_in_two_halves(torch):
    x, y, z = _graph(torch)
    middle = _edge(torch, y)
    (to_middle,) = torch.autograd.grad(_edge(torch, z), middle)
    torch.autograd.backward(middle, to_middle)
    return [to_middle, x.grad]


@program
def second_time(torch):
    x, y, z = _graph(torch)
    edge = _edge(torch, z)
    torch.autograd.backward(edge)
    torch.autograd.backward(edge)
