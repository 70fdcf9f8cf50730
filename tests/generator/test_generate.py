"""The whole generator: its outputs are up to date, and a new row reaches all of them."""

import json
import shutil
import subprocess

import pytest
from conftest import ROOT, outputs

# File -> what the new row must have put there.
EXPECTED = {
    "tests/ops/generated/derived_gradient_cases.cpp": [
        "call(tensor_blend, in[0], in[1], number(0.7), false)",
        "tensor_blend_(self, in[1], number(0.7), false)",
    ],
    "include/tensor/ops.h": ["TENSOR_API tensor_status_t tensor_blend(", "tensor_blend_out("],
    "capi/generated/ops.cpp": ["tensor_status_t tensor_blend_("],
    "src/core/generated/pointwise_op.h": ["kBlend,"],
    "src/core/generated/functor_lists.inc": ["BlendOp>"],
    "src/ops/generated/functions.h": ["Tensor blend("],
    "src/ops/generated/functions.cpp": ["PointwiseOp::kBlend"],
    "src/ops/generated/nodes.h": ['return "BlendBackward0"', "Dims self_shape_;"],
    "src/ops/generated/nodes.cpp": ["BlendBackward::apply"],
    "include/tensor/ops.hpp": ["inline Tensor blend(", "Methods::blend_(", "blend_out("],
    "include/tensor/cpp/methods.hpp": ["Scalar& weight, bool strict = false) const;"],
    "bindings/python/libtensor/_ops.py": ["blend"],
    "bindings/rust/src/ffi/functions.rs": ["pub fn tensor_blend("],
    "bindings/rust/src/ops.rs": ["pub fn blend(", "pub fn blend_(", "pub fn blend_out("],
    "bindings/go/ops.h": ["go_result go_blend("],
    "bindings/go/ops.go": ["func (t *Tensor) Blend(", ") Blend_(", ") BlendOut("],
    "docs/reference/README.md": ["[blend](arithmetic.md#blend)"],
    "docs/reference/arithmetic.md": ["## blend", "node `BlendBackward0`"],
    "src/ops/generated/ops.json": ['"name": "blend"'],
}


def test_generated_files_are_up_to_date(project):
    result = project.generate("--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_changed_row_makes_them_stale_until_written(project):
    text = project.table.read_text()
    project.table.write_text(text.replace("The hyperbolic tangent.", "The tangent, hyperbolic."))
    before = project.read("include/tensor/ops.h")
    result = project.generate("--check")
    assert result.returncode != 0
    assert "include/tensor/ops.h is stale" in result.stderr
    assert project.read("include/tensor/ops.h") == before, "--check writes nothing"
    assert project.generate().returncode == 0
    assert project.generate("--check").returncode == 0
    assert "The tangent, hyperbolic." in project.read("include/tensor/ops.h")


def test_a_file_edited_by_hand_is_stale(project):
    header = project.root / "include/tensor/ops.h"
    header.write_text(header.read_text() + "\n")
    assert "include/tensor/ops.h is stale" in project.generate("--check").stderr


def test_a_wrong_table_is_refused_and_nothing_written(project, row):
    before = {name: project.read(name) for name in outputs()}
    project.add_row(row.replace('kernel = "pointwise"', 'kernel = "magic"'))
    result = project.generate()
    assert result.returncode != 0
    assert result.stderr.startswith("src/ops/table.toml: blend: ")
    assert before == {name: project.read(name) for name in outputs()}


def test_a_new_row_reaches_every_output(project, row):
    project.add_row(row)
    assert project.generate().returncode == 0
    for name, parts in EXPECTED.items():
        text = project.read(name)
        for part in parts:
            assert part in text, f"{name} lacks {part}"


def test_every_output_is_looked_at():
    pages = {name for name in outputs() if name.startswith("docs/reference/")}
    # What Python sees of the hand-written headers, and what is computed by hand.
    others = {"bindings/python/libtensor/_native.py", "src/ops/generated/compute.h"}
    assert set(outputs()) - pages == (set(EXPECTED) - pages) | others


def test_every_output_says_that_it_is_generated():
    for name in outputs():
        if not name.endswith(".json"):
            head = (ROOT / name).read_text()[:300]
            assert "enerated by tools/generate" in head, name


def test_no_page_is_left_over():
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/reference").glob("*.md")}
    assert pages <= set(outputs())


def test_an_internal_row_stays_inside(project, row):
    project.add_row(row.replace('name = "blend"', 'name = "blend"\ninternal = true'))
    assert project.generate().returncode == 0
    public = [name for name in EXPECTED if name.startswith(("include", "capi", "bindings", "docs"))]
    for name in [*public, "src/ops/generated/ops.json"]:
        assert "blend" not in project.read(name).lower(), name
    assert "kBlend" in project.read("src/ops/generated/functions.cpp")


def test_the_json_is_whole():
    table = json.loads((ROOT / "src/ops/generated/ops.json").read_text())
    ops = {op["name"]: op for op in table["ops"]}
    add = ops["add"]
    assert add["group"] == "arithmetic"
    assert add["node"] == "AddBackward0"
    assert add["differentiable"] == ["self", "other"]
    assert set(add["c"]) == {"function", "inplace", "out"}
    assert "threshold_backward" not in ops


CLANG_FORMAT = ("clang-format", "--dry-run", "--Werror")
FORMATTERS = {
    "include/tensor/ops.h": CLANG_FORMAT,
    "include/tensor/ops.hpp": CLANG_FORMAT,
    "include/tensor/cpp/methods.hpp": CLANG_FORMAT,
    "bindings/go/ops.h": CLANG_FORMAT,
    "bindings/go/ops.go": ("gofmt", "-l"),
    "bindings/rust/src/ops.rs": ("rustfmt", "--check"),
    "bindings/rust/src/ffi/functions.rs": ("rustfmt", "--check"),
}


@pytest.mark.parametrize("name", FORMATTERS)
def test_outputs_look_as_if_formatted(name):
    tool = FORMATTERS[name]
    if not shutil.which(tool[0]):
        pytest.skip(f"no {tool[0]}")
    result = subprocess.run([*tool, ROOT / name], text=True, capture_output=True)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr
