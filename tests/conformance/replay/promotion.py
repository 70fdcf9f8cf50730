"""One cell of the promotion table: an operation on two small operands of given dtypes."""

from replay.outcome import failed, observe

OPERATIONS = ("add sub mul div pow maximum minimum eq ne lt le gt ge where cat").split()

FORMS = {
    "tensors": ("dtype", "dtype"),
    "with_0dim": ("dtype", "dtype"),
    "0dim_with": ("dtype", "dtype"),
    "both_0dim": ("dtype", "dtype"),
    "in_place": ("dtype", "dtype"),
    "in_place_0dim": ("dtype", "dtype"),
    "number": ("dtype", "number"),
    "number_first": ("dtype", "number"),
    "0dim_number": ("dtype", "number"),
}
"""form: (what the first operand is described by, the second)."""

NUMBERS = {"int": 2, "float": 1.5, "bool": True}
REVERSED = {"add": "__radd__", "sub": "__rsub__", "mul": "__rmul__", "div": "__rtruediv__",
            "pow": "__rpow__"}


def run_pair(torch, name, form, one, other, device="cpu"):
    """The outcome of `name` for dtypes (or kinds of number) `one` and `other`."""
    try:
        return observe(_call(torch, name, form, one, other, device))
    except Exception as error:  # noqa: BLE001 - any error is an outcome
        return failed(error)


def _call(torch, name, form, one, other, device):
    def operand(values, dtype):
        return torch.tensor(values, dtype=getattr(torch, dtype), device=device)

    first = operand(2 if form in ("0dim_with", "both_0dim", "0dim_number") else [0, 1, 3], one)
    if FORMS[form][1] == "number":
        second = NUMBERS[other]
    else:
        second = operand(2 if form in ("with_0dim", "both_0dim", "in_place_0dim") else [2, 1, 3],
                         other)
    if name == "cat":
        return torch.cat([first, second])
    if name == "where":
        condition = torch.tensor([True, False, True], device=device)
        return torch.where(condition, *([second, first] if form == "number_first"
                                        else [first, second]))
    if form.startswith("in_place"):
        return getattr(first, name + "_")(second)
    if form == "number_first":
        return getattr(first, REVERSED.get(name, name))(second)
    return getattr(torch, name)(first, second)
