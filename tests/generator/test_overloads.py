"""Overloads: no call may fit two of them."""

import model
import pytest
from overloads import overloads

FORM = """
[[op]]
name = "{name}"
torch = "same"
args = "{args}"
positional = {positional}
kernel = "composite"
doc = "A form."
"""


@pytest.fixture
def defaults(read_ops):
    """Argument -> default of each form of one function."""

    def find(*forms: str, positional: str = "true") -> list[dict[str, str | None]]:
        text = "".join(
            FORM.format(name=f"form_{i}", args=args, positional=positional)
            for i, args in enumerate(forms)
        )
        found = overloads(read_ops(text))
        return [{arg.name: arg.default for arg in item.args} for item in found]

    return find


def test_defaults_stay_where_they_do_no_harm(defaults):
    assert defaults("Tensor self, int dim=0") == [{"self": None, "dim": "0"}]


def test_a_longer_form_must_be_asked_for(defaults):
    short, long = defaults("Tensor self", "Tensor self, int dim=0, bool keepdim=False")
    assert long == {"self": None, "dim": None, "keepdim": "False"}
    assert short == {"self": None}


def test_forms_of_other_types_do_not_clash(defaults):
    _, long = defaults("Scalar self", "Tensor self, int dim=0")
    assert long["dim"] == "0"


def test_twins_are_refused(defaults):
    with pytest.raises(model.TableError, match="same: .*form_0, form_1"):
        defaults("Tensor self, int dim", "Tensor self, int index")


def test_options_may_be_left_out(defaults):
    found = defaults("Tensor self, int dim, bool keepdim=False", positional="false")
    assert [list(args) for args in found] == [["self", "dim"], ["self", "dim", "options"]]


def test_a_form_without_options_gives_way_to_one_that_has_none(defaults):
    found = defaults("Tensor self", "Tensor self, int dim=0", positional="false")
    assert [list(args) for args in found] == [["self"], ["self", "options"]]


def test_twins_without_options_are_refused(defaults):
    with pytest.raises(model.TableError, match="same: .*form_0, form_1"):
        defaults("Tensor self, int dim=0", "Tensor self, bool keepdim=False", positional="false")
