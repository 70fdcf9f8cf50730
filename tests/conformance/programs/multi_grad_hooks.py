"""Hooks of several tensors at once: which passes call them, when, and with what."""

from itertools import product

from programs.registry import Programs

PROGRAMS = program = Programs()


def _leaves(torch, count=4):
    return [torch.tensor([i + 1.0, i + 2.0], requires_grad=True) for i in range(count)]


def _watch(torch, tensors, log, mode="all"):
    def hook(grads):
        several = grads if isinstance(grads, list) else [grads]
        log.append([None if grad is None else grad.clone() for grad in several])

    return torch.autograd.graph.register_multi_grad_hook(tensors, hook, mode=mode)


# name -> which of the leaves and results are watched
WATCHED = {
    "leaves": lambda leaves, results: leaves,
    "results": lambda leaves, results: results,
    "leaves_and_results": lambda leaves, results: [*results, *leaves],
    "one": lambda leaves, results: leaves[:1],
    "one_twice": lambda leaves, results: [leaves[0], leaves[0]],
    "an_unused_leaf_too": lambda leaves, results: [leaves[3], leaves[0]],
    "only_an_unused_leaf": lambda leaves, results: leaves[3:],
    "nothing": lambda leaves, results: [],
}

# name -> how the gradients are computed
PASSES = {
    "backward": lambda torch, out, leaves, results: out.backward(),
    "backward_twice": lambda torch, out, leaves, results: (
        out.backward(retain_graph=True),
        out.backward(),
    ),
    "backward_to_one": lambda torch, out, leaves, results: out.backward(inputs=leaves[:1]),
    "backward_to_a_result": lambda torch, out, leaves, results: out.backward(inputs=results[:1]),
    "grad_of_one": lambda torch, out, leaves, results: torch.autograd.grad(out, leaves[1]),
    "grad_of_two": lambda torch, out, leaves, results: torch.autograd.grad(
        out, [leaves[1], results[0]]
    ),
    "create_graph": lambda torch, out, leaves, results: out.backward(create_graph=True),
    "from_a_result": lambda torch, out, leaves, results: results[0].sum().backward(),
}


def _one_of_each(mode, watched, run_pass):
    def run(torch):
        leaves, log = _leaves(torch), []
        results = [leaves[0] * leaves[1], leaves[2].exp()]
        _watch(torch, watched(leaves, results), log, mode)
        out = (results[0] * results[1] + leaves[0]).sum()
        run_pass(torch, out, leaves, results)
        return log

    return run


for (_watched, _tensors), (_pass, _run), _mode in product(
    WATCHED.items(), PASSES.items(), ("all", "any")
):
    program.add(f"{_mode}_of_{_watched}_in_{_pass}", _one_of_each(_mode, _tensors, _run))


@program
def unknown_mode(torch):
    torch.autograd.graph.register_multi_grad_hook(_leaves(torch), print, mode="foo")


@program
def any_skips_what_does_not_require_grad(torch):
    leaves, log = _leaves(torch), []
    leaves[0].requires_grad_(False)
    _watch(torch, leaves[:2], log, "any")
    (leaves[0] * leaves[1]).sum().backward()
    return log


@program
def removed(torch):
    log = []
    for mode in ("all", "any"):
        leaves = _leaves(torch)
        handle = _watch(torch, leaves, log, mode)
        sum(leaf.sum() for leaf in leaves).backward()
        handle.remove()
        sum(leaf.sum() for leaf in leaves).backward()
        handle.remove()
    return log


@program
def as_context_manager(torch):
    leaves, log = _leaves(torch), []
    with _watch(torch, leaves, log):
        sum(leaf.sum() for leaf in leaves).backward()
    sum(leaf.sum() for leaf in leaves).backward()
    return log


@program
def what_it_returns_is_ignored(torch):
    leaves = _leaves(torch)
    for mode in ("all", "any"):
        torch.autograd.graph.register_multi_grad_hook(leaves, lambda grads: "this", mode=mode)
    (leaves[0] * leaves[1]).sum().backward()
    return [leaf.grad for leaf in leaves]


@program
def among_other_hooks(torch):
    leaves, log = _leaves(torch, 2), []
    leaves[0].register_hook(lambda grad: grad * 10)
    _watch(torch, leaves, log)
    leaves[0].register_hook(lambda grad: grad * 100)
    leaves[1].register_hook(lambda grad: log.append("after"))
    (leaves[0] * leaves[1]).sum().backward()
    return [log, leaves[0].grad]


@program
def two_of_the_same_tensors(torch):
    leaves, log = _leaves(torch, 2), []
    for name in ("first", "second"):
        torch.autograd.graph.register_multi_grad_hook(
            leaves, lambda grads, name=name: log.append(name)
        )
    (leaves[0] * leaves[1]).sum().backward()
    return log


@program
def of_a_tensor_that_is_changed_later(torch):
    leaves, log = _leaves(torch, 2), []
    y = leaves[0] * 3
    _watch(torch, [y, leaves[1]], log)
    y.mul_(leaves[1])
    y.sum().backward()
    return log


@program
def of_a_view_and_its_base(torch):
    leaves, log = _leaves(torch, 1), []
    y = leaves[0] * 3
    _watch(torch, [y, y[0], leaves[0]], log)
    (y * y).sum().backward()
    return log


@program
def hook_that_fails(torch):
    leaves, log = _leaves(torch, 2), []

    def hook(grads):
        log.append([grad.clone() for grad in grads])
        if len(log) == 1:
            raise ValueError("no")

    torch.autograd.graph.register_multi_grad_hook(leaves, hook)
    for _ in range(2):
        try:
            (leaves[0] * leaves[1]).sum().backward()
        except ValueError as error:
            log.append(str(error))
    return [log, [leaf.grad for leaf in leaves]]


@program
def pass_that_fails_half_way(torch):
    leaves, log = _leaves(torch, 2), []
    fails = [True]

    def hook(grad):
        if fails[0]:
            raise ValueError("no")

    _watch(torch, leaves, log)
    y = leaves[0] * 2
    y.register_hook(hook)
    for _ in range(2):
        try:
            (y * leaves[1]).sum().backward(retain_graph=True)
        except ValueError as error:
            log.append(str(error))
        fails[0] = False
    return log


@program
def hook_that_runs_backward(torch):
    leaves, log = _leaves(torch, 2), []

    def hook(grads):
        log.append([grad.clone() for grad in grads])
        if len(log) < 3:
            with torch.enable_grad():
                (leaves[0] * leaves[1] * len(log)).sum().backward()

    torch.autograd.graph.register_multi_grad_hook(leaves, hook)
    (leaves[0] * leaves[1]).sum().backward()
    return log


@program
def hook_that_registers_another(torch):
    leaves, log = _leaves(torch, 2), []

    def hook(grads):
        log.append("first")
        torch.autograd.graph.register_multi_grad_hook(leaves, lambda grads: log.append("second"))

    handle = torch.autograd.graph.register_multi_grad_hook(leaves, hook)
    (leaves[0] * leaves[1]).sum().backward()
    handle.remove()
    (leaves[0] * leaves[1]).sum().backward()
    return log


@program
def several_roots(torch):
    leaves, log = _leaves(torch, 3), []
    _watch(torch, leaves, log)
    torch.autograd.backward([leaf.sum() for leaf in leaves])
    torch.autograd.backward([leaves[0].sum(), leaves[2].sum()])
    return log


@program
def checkpointed(torch):
    leaves, log = _leaves(torch, 2), []
    _watch(torch, leaves, log)
    checkpoint = torch.utils.checkpoint.checkpoint
    y = checkpoint(lambda a, b: (a * b).exp(), *leaves, use_reentrant=False)
    y.sum().backward()
    return log
