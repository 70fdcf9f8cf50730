"""Public functions made from the table: which form of an operation a call means, and the call.

The first call with given argument types is matched with the operation's forms; the resulting plan
(which C function, how each argument is converted) is kept for later calls with the same types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ._binding import Bound, Signature, invalid_combination, is_plain_number
from ._calls import runner
from ._dtypes import C_NAMES, TYPE_NAMES, dtype, with_number
from ._handle import Handle
from ._identity import remember
from ._modes import is_grad_enabled
from ._ops import OPERATIONS
from ._options import packer
from ._schema import REQUIRED, Op
from ._values import KINDS, OPTION_CHECKS, Mismatch, dtype_object, is_dtype, plain_number

OF_NAME = {op.name: op for op in OPERATIONS}
MOST_PLANS = 256
"""Plans kept for each function; a program that goes beyond starts again."""


def grouped(scope: str, variant: str) -> dict[str, list[Op]]:
    """PyTorch's name -> the operations that share it, of a scope and with a variant."""
    groups: dict[str, list[Op]] = {}
    for op in OPERATIONS:
        if scope in op.scope and variant in op.variants:
            for name in op.torch:
                groups.setdefault(name, []).append(op)
    return groups


def named(name: str) -> list[Op]:
    """The operations of one of PyTorch's names."""
    return [op for op in OPERATIONS if name in op.torch]


def direct(name: str) -> Callable:
    """A C operation by its own name, with positional arguments only: for this package's use."""
    op = OF_NAME[name]
    bound = [Bound(arg, position) for position, arg in enumerate(op.args)]
    plan = _general_plan(runner(op, "function"), steps_of(op, bound))

    def call(*args: object) -> object:
        return plan(args)

    call.__name__, call.__doc__ = name, op.doc
    return call


def function(name: str, ops: Iterable[Op], variant: str = "function", method: bool = False):
    """The public function, method or in-place method of an operation's forms."""
    entry = _Entry(name + ("_" if variant == "inplace" else ""), list(ops), variant, method)
    plans, resolve = entry.plans, entry.resolve

    def call(*args, **kwargs):
        if kwargs:
            values = (*args, *kwargs.values())
            plan = plans.get((len(args), *kwargs, *map(type, values)))
        else:
            values = args
            plan = plans.get(tuple(map(type, args)))
        if plan is not None:
            try:
                return plan(values)
            except Mismatch:
                pass  # the types fit, a value did not: find the right form, or the message
        return resolve(args, kwargs)

    call.__name__ = call.__qualname__ = entry.name
    call.__doc__ = "\n\n".join(dict.fromkeys(op.doc for op in entry.ops))
    return call


def numbers_last(ops: Iterable[Op]) -> list[Op]:
    """The forms in the order they are tried: a tensor of one element passes for a number, but is
    a tensor first."""
    return sorted(ops, key=lambda op: sum(arg.type == "Scalar" for arg in op.args))


class _Entry:
    """What stands behind one public function."""

    def __init__(self, name: str, ops: list[Op], variant: str, method: bool):
        self.name, self.ops, self.variant, self.method = name, ops, variant, method
        self.plans: dict[tuple, Callable] = {}
        self.roundings: dict[str, _Entry] = {}
        self.signatures = [Signature(op, variant, name, method) for op in numbers_last(ops)]
        with_out = [
            op for op in numbers_last(ops) if "out" in op.variants and variant == "function"
        ]
        self.out_signatures = [Signature(op, "out", name, method) for op in with_out]
        self.numbers_as_tensors = any(op.numbers_as_tensors for op in ops)
        self.takes_dtype = any(op.dtype_keyword for op in ops)

    def resolve(self, args: tuple, kwargs: dict[str, object]) -> object:
        """Find the form that a call means and run it."""
        if "rounding_mode" in kwargs:
            return self.rounded(args, dict(kwargs))
        if self.out_signatures and "out" in kwargs:
            return self.with_out(args, dict(kwargs))
        if self.takes_dtype:
            found = self.split_dtype(args, kwargs)
            if found is not None:
                return self.with_dtype(*found)
        if self.numbers_as_tensors:
            args = self.number_to_tensor(args, kwargs)
        signature, bound = self.match(self.signatures, args, kwargs)
        plan = make_plan(signature, bound)
        if len(self.plans) >= MOST_PLANS:
            self.plans.clear()
        values = (*args, *kwargs.values())
        types = map(type, values)
        self.plans[(len(args), *kwargs, *types) if kwargs else tuple(types)] = plan
        return plan(values)

    def rounded(self, args: tuple, kwargs: dict[str, object]) -> object:
        """A call with rounding_mode=: the operations of name_trunc and name_floor."""
        name = self.ops[0].torch[0]
        forms = {mode: form for mode in ("trunc", "floor") if (form := named(f"{name}_{mode}"))}
        mode = kwargs.pop("rounding_mode")
        if not forms:
            raise TypeError(f"{self.name}() got an unexpected keyword argument 'rounding_mode'")
        if mode is None:
            return self.resolve(args, kwargs)
        if mode not in forms:
            raise RuntimeError(
                f"{name} expected rounding_mode to be one of None, 'trunc', or 'floor' "
                f"but found '{mode}'"
            )
        if mode not in self.roundings:
            self.roundings[mode] = _Entry(self.name, forms[mode], self.variant, self.method)
        return self.roundings[mode].resolve(args, kwargs)

    def match(self, signatures: list[Signature], args: tuple, kwargs: dict):
        errors = []
        for signature in signatures:
            try:
                return signature, signature.bind(args, kwargs)
            except TypeError as error:
                errors.append((signature, error))
        raise self.explain(errors, args, kwargs) from None

    def explain(self, errors: list, args: tuple, kwargs: dict) -> TypeError:
        """The message for a call that fits no form."""
        if self.numbers_as_tensors:  # PyTorch has one form of these
            errors = errors[:1]
        count = len(args) + len(kwargs)
        likely = [error for signature, error in errors if signature.plausible(count)]
        if len(errors) == 1 or len(likely) == 1:
            return errors[0][1] if len(errors) == 1 else likely[0]
        signatures = [signature for signature, _ in errors]
        return TypeError(invalid_combination(self.name, signatures, args, kwargs))

    def with_out(self, args: tuple, kwargs: dict) -> object:
        out = kwargs.pop("out")
        if out is None:
            return self.resolve(args, kwargs)
        if self.takes_dtype:
            found = self.split_dtype(args, kwargs)
            if found is not None:
                args, kwargs, wanted = found
                if wanted is not None:
                    check_out_dtype(wanted, out)
                    args = (args[0].to(wanted), *args[1:])
        if self.numbers_as_tensors:
            args = self.number_to_tensor(args, kwargs)
        signatures = self.out_signatures
        if isinstance(out, Handle):
            signatures = [item for item in signatures if len(item.op.returns) == 1]
        if any(arg.type == "options" for op in self.ops for arg in op.args):
            kwargs = without_options(kwargs, out)
        signature, bound = self.match(signatures or self.out_signatures, args, kwargs)
        count = len(signature.op.returns)
        outs = (out,) if count == 1 else out
        if not (isinstance(outs, (tuple, list)) and len(outs) == count) or not all(
            isinstance(item, Handle) for item in outs
        ):
            wanted = "Tensor" if count == 1 else "tuple of Tensors"
            raise TypeError(
                f"{self.name}(): argument 'out' must be {wanted}, not {type(out).__name__}"
            )
        native = native_values(signature, bound, (*args, *kwargs.values()))
        return runner(signature.op, "out")(out, *native)

    def split_dtype(self, args: tuple, kwargs: dict) -> tuple[tuple, dict, object] | None:
        """Takes dtype= (or a last positional dtype, as in softmax) out of a call."""
        if args and is_dtype(args[-1]):
            return args[:-1], kwargs, dtype_object(args[-1])
        if "dtype" not in kwargs:
            return None
        rest = {key: value for key, value in kwargs.items() if key != "dtype"}
        wanted = kwargs["dtype"]
        if wanted is None:
            return args, rest, None
        if not is_dtype(wanted):
            raise TypeError(
                f"{self.name}(): argument 'dtype' must be torch.dtype, not {type(wanted).__name__}"
            )
        return args, rest, dtype_object(wanted)

    def with_dtype(self, args: tuple, kwargs: dict, wanted: object) -> object:
        """The operation on `self` converted to the wanted dtype, which the result has too."""
        if wanted is None:
            return self.resolve(args, kwargs)
        source = args[0] if args else kwargs.get("input")
        if not isinstance(source, Handle):
            return self.resolve(args, kwargs)  # which says what is wrong
        if args:
            args = (source.to(wanted), *args[1:])
        else:
            kwargs["input"] = source.to(wanted)
        try:
            result = self.resolve(args, kwargs).to(wanted)
        except RuntimeError as error:
            # The message of the operation on the converted tensor names it as the input.
            raise type(error)(str(error).replace("Input dtype", "Optional dtype")) from None
        if not wanted.is_floating_point and source.requires_grad and is_grad_enabled():
            raise RuntimeError(f"Autograd not support dtype: {TYPE_NAMES[wanted.name]}")
        return result

    def number_to_tensor(self, args: tuple, kwargs: dict) -> tuple:
        """A number as a 0-dim tensor, where the operation has no form for a number."""
        if len(args) < 2:
            return args
        one, other = args[:2]
        if isinstance(one, Handle) and "alpha" in kwargs and is_plain_number(other):
            return (one, as_tensor(other, one), *args[2:])
        if is_plain_number(one) and isinstance(other, Handle):
            return (as_tensor(one, other), *args[1:])
        return args


def check_out_dtype(wanted: dtype, out: object) -> None:
    """An operation with dtype= writes that dtype only."""
    if isinstance(out, Handle) and out.dtype is not wanted:
        raise RuntimeError(
            f"Expected out tensor to have dtype {C_NAMES[wanted.name]}, "
            f"but got {C_NAMES[out.dtype.name]} instead"
        )


def without_options(kwargs: dict[str, object], out: object) -> dict[str, object]:
    """A creation's keywords without the options: those of `out` hold, and must agree."""
    rest = {key: value for key, value in kwargs.items() if key not in OPTION_CHECKS}
    wanted = kwargs.get("dtype")
    if wanted is not None and isinstance(out, Handle) and out.dtype is not dtype_object(wanted):
        names = TYPE_NAMES[dtype_object(wanted).name], TYPE_NAMES[out.dtype.name]
        raise RuntimeError(f"dtype {names[0]} does not match dtype of out parameter ({names[1]})")
    return rest


def as_tensor(number: object, beside: Handle) -> Handle:
    """A number as a 0-dim tensor of the dtype that it has in an operation with a tensor."""
    value = plain_number(number)
    found = with_number(beside.dtype, value)
    return _full((), value, {"dtype": found, "device": beside.device})


def native_values(signature: Signature, bound: list[Bound], values: tuple) -> list[object]:
    """The C arguments of one call."""
    native: list[object] = []
    for convert, wide, source in steps_of(signature.op, bound):
        value = source(values)
        if wide:
            native += convert(value)
        else:
            native.append(convert(value))
    return native


def steps_of(op: Op, bound: list[Bound]) -> list[tuple[Callable, bool, Callable]]:
    """For each C argument how it is converted, whether it fills two, and where its value is."""
    steps = [
        (KINDS[item.arg.type].convert, KINDS[item.arg.type].wide, getter(item))
        for item in bound
        if not item.arg.field
    ]
    if any(arg.field for arg in op.args):
        given = [item for item in bound if item.arg.field and item.default is REQUIRED]
        sources = [getter(item) for item in given]
        pack = packer(op, tuple(item.arg for item in given))
        steps.append((pack, False, lambda values: [source(values) for source in sources]))
    return steps


def getter(item: Bound) -> Callable[[tuple], object]:
    if item.default is not REQUIRED:
        return lambda values: item.default
    source = item.source
    if isinstance(source, list):
        return lambda values: {key: values[position] for key, position in source}
    return lambda values: values[source]


def make_plan(signature: Signature, bound: list[Bound]) -> Callable[[tuple], object]:
    """A function of a call's values (positional, then keywords) that makes the C call."""
    run = runner(signature.op, signature.variant)
    if signature.variant == "inplace":
        position = next(item.source for item in bound if item.arg.name == "self")
        return _inplace_plan(run, steps_of(signature.op, bound), position)
    if signature.options:
        pairs = next(item.source for item in bound if item.arg is signature.options)
        if "requires_grad" in dict(pairs):
            return _leaf_plan(run, steps_of(signature.op, bound), dict(pairs)["requires_grad"])
    kinds = [item.arg.type for item in bound]
    if kinds == ["Tensor"]:
        return lambda values: run(values[0]._handle)
    if kinds == ["Tensor", "Tensor"] and [item.source for item in bound] == [0, 1]:
        return lambda values: run(values[0]._handle, values[1]._handle)
    return _general_plan(run, steps_of(signature.op, bound))


def _general_plan(run: Callable, steps: list) -> Callable:
    def plan(values: tuple) -> object:
        native: list[object] = []
        for convert, wide, source in steps:
            if wide:
                native += convert(source(values))
            else:
                native.append(convert(source(values)))
        return run(*native)

    return plan


def _leaf_plan(run: Callable, steps: list, position: int) -> Callable:
    """The result of a call with requires_grad= may be a leaf, which the library gives back."""
    inner = _general_plan(run, steps)

    def plan(values: tuple) -> Handle:
        result = inner(values)
        return remember(result) if values[position] else result

    return plan


def _inplace_plan(run: Callable, steps: list, position: int) -> Callable:
    inner = _general_plan(run, steps)

    def plan(values: tuple) -> Handle:
        inner(values)
        return values[position]

    return plan


_full = direct("full")
