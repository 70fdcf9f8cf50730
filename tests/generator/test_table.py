"""Reading the table: what is right is understood, what is wrong is refused by name."""

import model
import pytest
from emit_functors import functor_families
from vocabulary import TYPES

# What is changed in a right row, and what the message must say besides the row's name.
WRONG = {
    "unknown field": ('doc = "', 'colour = "red"\ndoc = "', "colour"),
    "unknown type": ("Scalar weight", "Number weight", "Number weight"),
    "argument without a name": ("Tensor self", "Tensor", "Tensor"),
    "several results of one kernel": (
        'kernel = "pointwise"',
        'returns = "Tensor one, Tensor two"\nkernel = "into"',
        "one result",
    ),
    "unknown kernel": ('"pointwise"', '"magic"', "kernel"),
    "no kernel": ('kernel = "pointwise"\n', "", "kernel"),
    "no functor": ('functor = "arithmetic.Blend"\n', "", "functor"),
    "no doc": ('doc = "Something between the two tensors."\n', "", "doc"),
    "no node": ('node = "BlendBackward0"\n', "", "node"),
    "unknown variant": ("kernel =", 'variants = ["sideways"]\nkernel =', "variant"),
    "unknown scope": ("kernel =", 'scope = ["cellar"]\nkernel =', "scope"),
    "unknown operand": ("kernel =", 'operands = ["other"]\nkernel =', "'other'"),
    "unknown parameter": ("kernel =", 'parameters = ["other"]\nkernel =', "'other'"),
    "gradient of an unknown argument": ("end = ", "other = ", "'other'"),
    "no field of options": ("Tensor end", "Tensor end=None", "'Tensor end=None'"),
    "gradient of a composite": ('"pointwise"', '"composite"', "composite"),
}


def test_the_table_of_the_project():
    ops = {op.name: op for op in model.all_ops(model.load())}
    assert len(ops) > 100
    add = ops["add_scalar"]
    assert add.torch == ("add",)
    assert [(a.type.word, a.name) for a in add.args] == [("Tensor", "self"), ("Scalar", "other")]
    assert [add.variant_name(v) for v in add.variants] == [
        "add_scalar", "add_scalar_", "add_scalar_out",
    ]  # fmt: skip
    assert [r.name for r in ops["max_dim"].returns] == ["values", "indices"]
    assert ops["equal"].returns_bool


def test_a_row_is_read_as_written(read_ops, row):
    (op,) = read_ops(row)
    assert op.class_name == "BlendBackward"
    assert op.variants == ("function", "inplace", "out")
    assert op.operands == ("self", "end", "weight", "strict")
    assert op.arg("strict").default == "False"
    assert list(op.gradient) == ["self", "end"]


def test_parameters_are_no_operands(read_ops, row):
    (op,) = read_ops(row.replace("kernel =", 'parameters = ["weight"]\nkernel ='))
    assert op.operands == ("self", "end", "strict")
    assert op.parameters == ("weight",)


def test_what_follows_a_star_has_no_position(read_ops, row):
    (op,) = read_ops(row.replace("Scalar weight", "*, Scalar weight"))
    assert [arg.name for arg in op.args if arg.keyword_only] == ["weight", "strict"]


def test_what_has_a_default_is_an_option(read_ops, row):
    (op,) = read_ops(row)
    assert [arg.name for arg in op.options] == ["strict"]
    assert [arg.name for arg in op.given("out")] == ["self", "end", "weight", "options"]
    (promised,) = read_ops(row.replace("kernel =", "positional = true\nkernel ="))
    assert promised.options == ()
    assert promised.given("out") == promised.args


def test_options_of_a_tensor_are_among_them(read_ops, row):
    maker = row.replace("bool strict=False", "options options")
    (op,) = read_ops(maker)
    assert op.options == ()  # a struct already
    (op,) = read_ops(maker.replace("options options", "int m=weight, options options"))
    assert [arg.name for arg in op.options] == ["m", "options"]
    assert [arg.field.python for arg in op.options] == ["int64?", "options"]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_row_is_refused_by_name(case, read_ops, row):
    right, wrong, said = WRONG[case]
    assert right in row
    with pytest.raises(model.TableError) as failure:
        read_ops(row.replace(right, wrong, 1))
    assert str(failure.value).startswith("blend: ")
    assert said in str(failure.value)


def test_a_name_given_twice_is_refused(read_ops, row):
    with pytest.raises(model.TableError, match="^blend: named twice"):
        read_ops(row + row)


def test_a_functor_of_two_families_is_refused(read_ops, row):
    other = row.replace('"blend"', '"mix"').replace("arithmetic.Blend", "math.Blend")
    with pytest.raises(model.TableError, match="^mix: .*Blend"):
        functor_families(read_ops(row + other))


def test_a_functor_that_rows_give_different_counts_is_refused(read_ops, row):
    other = row.replace('"blend"', '"mix"').replace("kernel =", 'parameters = ["weight"]\nkernel =')
    with pytest.raises(model.TableError, match="^mix: .*Blend"):
        functor_families(read_ops(row + other))


def test_a_file_is_a_family(write_table, row):
    (family,) = model.load(write_table(row))
    assert (family.name, family.title) == ("mixing", "Mixing")
    assert [op.name for op in family.ops] == ["blend"]


def test_a_family_has_a_title_and_rows_only(write_table, row):
    folder = write_table(row)
    for text in (row, f'title = "Mixing"\ncolour = "red"\n{row}'):
        (folder / "mixing.toml").write_text(text)
        with pytest.raises(model.TableError, match="mixing.toml"):
            model.load(folder)


def test_every_type_is_written_as_it_reads():
    assert all(word == kind.word for word, kind in TYPES.items())
    assert len({id(kind) for kind in TYPES.values()}) == len(TYPES)
