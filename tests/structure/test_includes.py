"""No include points up; and an include that does is found."""

from pathlib import Path

import pytest
from check_includes import FOLDERS, MAY_SEE, upward_includes

ROOT = Path(__file__).parents[2]


def test_no_include_points_up():
    assert upward_includes(ROOT) == []


def test_every_source_folder_has_a_layer():
    folders = {f"src/{path.name}" for path in (ROOT / "src").iterdir() if path.is_dir()}
    assert folders <= set(FOLDERS.values())


def plant(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("src/core/tensor.h", '#include "ops/functions.h"'),
        ("src/core/tensor.h", '#include "autograd/node.h"'),
        ("src/autograd/engine.cpp", '#  include "ops/functions.h"'),
        ("src/cpu/add.cpp", '#include "ops/functions.h"'),
        ("src/cuda/add.cu", '#include "cpu/threads.h"'),
        ("src/ops/add.cpp", "#include <io/format.h>"),
        ("src/ops/add.cpp", '#include "../cpu/threads.h"'),
        ("src/io/format.cpp", '#include "tensor/tensor.h"'),
        ("include/tensor/types.h", '#include "core/tensor.h"'),
    ],
)
def test_planted_upward_include_is_found(tmp_path, file, include):
    plant(tmp_path, "src/cpu/threads.h", "")
    plant(tmp_path, file, f"// a comment\n{include}\n")
    assert len(upward_includes(tmp_path)) == 1


def test_includes_that_point_down_pass(tmp_path):
    for layer, folder in FOLDERS.items():
        lines = [f'#include "{seen}/x.h"' for seen in MAY_SEE[layer] - {"public"}]
        plant(tmp_path, f"{folder}/file.cpp", "\n".join(["#include <vector>", *lines]))
    plant(tmp_path, "src/core/own.cpp", '#include "own.h"\n// #include "ops/functions.h"\n')
    assert upward_includes(tmp_path) == []
