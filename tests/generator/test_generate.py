"""The whole generator: its outputs are up to date, and a new row reaches all of them."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch

import pytest
from conftest import ROOT, outputs

# File -> what the new row must have put there.
EXPECTED = {
    "tests/ops/generated/arithmetic_gradient_cases.cpp": [
        "call(tensor_blend, in[0], in[1], number(0.7), nullptr)",
        "tensor_blend_(self, in[1], number(0.7), nullptr)",
    ],
    "include/tensor/ops/arithmetic.h": [
        "tensor_status_t tensor_blend(", "tensor_blend_out(", "} tensor_blend_options_t;",
    ],
    "capi/generated/arithmetic.cpp": ["tensor_status_t tensor_blend_(", "given.strict"],
    "src/core/generated/functors/arithmetic.h": ["kBlend =", '"blend"'],
    "src/cpu/generated/pointwise_arithmetic.cpp": ["kTakes<BlendOp, 4, 0>", "BlendOp>"],
    "src/cuda/generated/pointwise_arithmetic.cu": ["BlendOp>"],
    "src/ops/generated/functions/arithmetic.h": ["Tensor blend("],
    "src/ops/generated/functions/arithmetic.cpp": ["functor::kBlend"],
    "src/ops/generated/nodes/arithmetic.h": ['return "BlendBackward0"', "Dims self_shape_;"],
    "src/ops/generated/nodes/arithmetic.cpp": ["BlendBackward::apply"],
    "include/tensor/ops/arithmetic.hpp": [
        "inline Tensor blend(", "Methods::blend_(", "blend_out(", "  bool strict = false;",
    ],
    "include/tensor/cpp/methods.hpp": ["Scalar& weight, const BlendOptions& options) const;"],
    "bindings/python/libtensor/_ops/arithmetic.py": [
        "blend", 'Arg("bool", "strict", False, "bool")',
    ],
    "bindings/rust/src/ffi/ops/arithmetic.rs": [
        "pub fn tensor_blend(", "pub struct tensor_blend_options_t {",
    ],
    "bindings/rust/src/ops/arithmetic.rs": [
        "pub fn blend(", "pub fn blend_(", "pub fn blend_out(", "pub strict: bool,",
    ],
    "bindings/go/ops_arithmetic.h": ["go_result go_blend("],
    "bindings/go/ops_arithmetic.go": [
        "func (t *Tensor) Blend(", ") Blend_(", ") BlendOut(", "type BlendOptions struct {",
    ],
    "docs/reference/README.md": ["[blend](arithmetic.md#blend)"],
    "docs/reference/arithmetic.md": ["## blend", "node `BlendBackward0`"],
    "src/ops/generated/ops.json": ['"name": "blend"'],
}  # fmt: skip

# What lists families, or is about C functions that are no operations; what is computed by hand.
OTHERS = {
    "include/tensor/ops.h",
    "include/tensor/ops.hpp",
    "capi/generated/api.json",
    "capi/generated/tensor.cdef.h",
    "include/generated/meson.build",
    "src/ops/generated/meson.build",
    "src/ops/generated/compute/arithmetic.h",
    "src/cpu/generated/meson.build",
    "src/cpu/generated/functor_families.h",
    "src/cuda/generated/meson.build",
    "src/cuda/generated/functor_families.h",
    "capi/generated/meson.build",
    "tests/ops/generated/meson.build",
    "tests/ops/generated/derived_gradient_cases.cpp",
    "include/tensor/enums.h",
    "include/tensor/cpp/enums.hpp",
    "src/core/generated/enums.h",
    "capi/generated/enums.h",
    "bindings/go/enums.go",
    "bindings/rust/src/enums.rs",
    "bindings/python/libtensor/_enums.py",
    "bindings/python/libtensor/_native.py",
    "bindings/python/libtensor/_ops/__init__.py",
    "bindings/rust/src/ffi/functions.rs",
    "bindings/rust/src/ffi/ops/mod.rs",
    "bindings/rust/src/ops/mod.rs",
}
HEADER = "include/tensor/ops/math.h"


def test_generated_files_are_up_to_date(project):
    result = project.generate("--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_changed_row_makes_them_stale_until_written(project):
    table = project.root / "src/ops/table/math.toml"
    text = table.read_text()
    table.write_text(text.replace("The hyperbolic tangent.", "The tangent, hyperbolic."))
    before = project.read(HEADER)
    result = project.generate("--check")
    assert result.returncode != 0
    assert f"{HEADER} is stale" in result.stderr
    assert project.read(HEADER) == before, "--check writes nothing"
    assert project.generate().returncode == 0
    assert project.generate("--check").returncode == 0
    assert "The tangent, hyperbolic." in project.read(HEADER)


def test_a_file_edited_by_hand_is_stale(project):
    header = project.root / HEADER
    header.write_text(header.read_text() + "\n")
    assert f"{HEADER} is stale" in project.generate("--check").stderr


def test_a_wrong_table_is_refused_and_nothing_written(project, row):
    before = {name: project.read(name) for name in outputs()}
    project.add_row(row.replace('kernel = "pointwise"', 'kernel = "magic"'))
    result = project.generate()
    assert result.returncode != 0
    assert result.stderr.startswith("src/ops/table: blend: ")
    assert before == {name: project.read(name) for name in outputs()}


def test_a_new_row_reaches_every_output(project, row):
    project.add_row(row)
    assert project.generate().returncode == 0
    for name, parts in EXPECTED.items():
        text = project.read(name)
        for part in parts:
            assert part in text, f"{name} lacks {part}"


def test_a_new_row_concerns_its_family_alone(project, row):
    before = {name: project.read(name) for name in outputs()}
    project.add_row(row)
    assert project.generate().returncode == 0
    changed = {name for name in before if project.read(name) != before[name]}
    assert changed <= set(EXPECTED) | OTHERS


def test_every_output_is_looked_at():
    """Those of one family stand for all."""
    families = [path.stem for path in (ROOT / "src/ops/table").glob("*.toml")]
    functors = [path.stem for path in (ROOT / "src/core/functors").glob("*.h")]
    others = "|".join({*families, *functors} - {"arithmetic"})
    pattern = rf"(/|_)({others})(_gradient_cases)?\.(h|hpp|cpp|cu|go|rs|py|md)$"
    assert {name for name in outputs() if not re.search(pattern, name)} == set(EXPECTED) | OTHERS


def test_the_file_of_a_family_that_is_gone_is_left_over(project):
    (project.root / "src/ops/table/losses.toml").unlink()
    gone = "include/tensor/ops/losses.h"
    assert f"{gone} is left over" in project.generate("--check").stderr
    assert project.generate().returncode == 0
    assert not (project.root / gone).exists()


def test_every_output_says_that_it_is_generated():
    for name in outputs():
        if not name.endswith(".json"):
            head = (ROOT / name).read_text()[:300]
            assert "enerated by tools/generate" in head, name


def test_an_internal_row_stays_inside(project, row):
    project.add_row(row.replace('name = "blend"', 'name = "blend"\ninternal = true'))
    assert project.generate().returncode == 0
    public = [name for name in EXPECTED if name.startswith(("include", "capi", "bindings", "docs"))]
    for name in [*public, "src/ops/generated/ops.json"]:
        assert "blend" not in project.read(name).lower(), name
    assert "kBlend" in project.read("src/ops/generated/functions/arithmetic.cpp")


def test_the_json_is_whole():
    table = json.loads((ROOT / "src/ops/generated/ops.json").read_text())
    ops = {op["name"]: op for op in table["ops"]}
    add = ops["add"]
    assert add["group"] == "Arithmetic"
    assert add["node"] == "AddBackward0"
    assert add["differentiable"] == ["self", "other"]
    assert set(add["c"]) == {"function", "inplace", "out"}
    assert "threshold_backward" not in ops


CLANG_FORMAT = ("clang-format", "--dry-run", "--Werror")
FORMATTERS = {
    "include/*.h": CLANG_FORMAT,
    "include/*.hpp": CLANG_FORMAT,
    "bindings/go/*.h": CLANG_FORMAT,
    "bindings/go/*.go": ("gofmt", "-l"),
    "bindings/rust/*.rs": ("rustfmt", "--check"),
}


@pytest.mark.parametrize("pattern", FORMATTERS)
def test_outputs_look_as_if_formatted(pattern):
    tool = FORMATTERS[pattern]
    if not shutil.which(tool[0]):
        pytest.skip(f"no {tool[0]}")
    files = [ROOT / name for name in outputs() if fnmatch(name, pattern)]
    result = subprocess.run([*tool, *files], text=True, capture_output=True)
    assert files and (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr
