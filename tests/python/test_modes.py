"""Modes as decorators of generator functions: on inside, the caller's own between the steps."""

import pytest


def modes(torch):
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled()


DECORATORS = {
    "no_grad": (lambda torch: torch.no_grad(), (False, False)),
    "no_grad without parentheses": (lambda torch: torch.no_grad, (False, False)),
    "enable_grad": (lambda torch: torch.enable_grad(), (True, False)),
    "set_grad_enabled": (lambda torch: torch.set_grad_enabled(False), (False, False)),
    "inference_mode": (lambda torch: torch.inference_mode(), (False, True)),
    "inference_mode without parentheses": (lambda torch: torch.inference_mode, (False, True)),
    "inference_mode(False)": (lambda torch: torch.inference_mode(False), (True, False)),
}


@pytest.mark.parametrize("name", DECORATORS)
def test_decorated_generators(torch, name):
    decorator, inside = DECORATORS[name]
    seen = []

    @decorator(torch)
    def steps(first, *, second):
        seen.append(modes(torch))
        try:
            answer = yield first
            seen.append(modes(torch))
            assert answer == "sent"
            try:
                yield second
            except KeyError as error:
                seen.append(modes(torch))
                yield error
            return "end"
        finally:
            seen.append(modes(torch))

    outside = modes(torch)
    generator = steps(1, second=2)
    assert steps.__name__ == "steps"
    assert modes(torch) == outside
    assert not seen
    assert next(generator) == 1
    assert modes(torch) == outside
    assert generator.send("sent") == 2
    assert modes(torch) == outside
    error = KeyError("thrown")
    assert generator.throw(error) is error
    assert modes(torch) == outside
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value == "end"
    assert seen == [inside] * 4
    assert modes(torch) == outside


@pytest.mark.parametrize("name", DECORATORS)
def test_decorated_generators_that_are_closed_or_fail(torch, name):
    decorator, inside = DECORATORS[name]
    seen = []

    @decorator(torch)
    def steps():
        try:
            yield 1
            raise ValueError("from inside")
        finally:
            seen.append(modes(torch))

    outside = modes(torch)
    closed = steps()
    next(closed)
    closed.close()
    assert seen == [inside]
    fails = steps()
    next(fails)
    with pytest.raises(ValueError, match="from inside"):
        next(fails)
    thrown = steps()
    next(thrown)
    with pytest.raises(KeyError):
        thrown.throw(KeyError("not caught"))
    assert seen == [inside] * 3
    assert modes(torch) == outside


def test_mode_that_a_step_switches_does_not_leak(torch):
    @torch.no_grad()
    def steps():
        with torch.enable_grad():
            yield torch.is_grad_enabled()
        yield torch.is_grad_enabled()

    assert list(steps()) == [True, False]
    assert torch.is_grad_enabled()


def test_tensors_of_an_inference_generator(torch):
    @torch.inference_mode()
    def tensors():
        while True:
            yield torch.ones(2) * 2

    one = next(tensors())
    assert one.is_inference()
    assert not torch.ones(2).is_inference()
