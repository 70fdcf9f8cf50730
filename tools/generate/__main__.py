"""Writes all generated files of the project, or checks that they are up to date.

usage: python3 tools/generate [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import emit_c
import emit_core
import emit_docs
import emit_functions
import emit_go
import emit_gradient_cases
import emit_hpp
import emit_json
import emit_nodes
import emit_python
import emit_rust
import model

# Every generated file, and who writes it.
FILES = {
    "src/core/generated/pointwise_op.h": emit_core.pointwise_op,
    "src/core/generated/functor_lists.inc": emit_core.functor_lists,
    "src/ops/generated/compute.h": emit_functions.compute_header,
    "src/ops/generated/functions.h": emit_functions.functions_header,
    "src/ops/generated/functions.cpp": emit_functions.functions_source,
    "src/ops/generated/nodes.h": emit_nodes.nodes_header,
    "src/ops/generated/nodes.cpp": emit_nodes.nodes_source,
    "include/tensor/ops.h": emit_c.c_header,
    "capi/generated/ops.cpp": emit_c.c_source,
    "src/ops/generated/ops.json": emit_json.table,
    "include/tensor/cpp/methods.hpp": emit_hpp.methods_header,
    "include/tensor/ops.hpp": emit_hpp.functions_header,
    "tests/ops/generated/derived_gradient_cases.cpp": emit_gradient_cases.cases,
    "bindings/go/ops.h": emit_go.shims,
    "bindings/go/ops.go": emit_go.methods,
    "bindings/rust/src/ffi/functions.rs": emit_rust.declarations,
    "bindings/rust/src/ops.rs": emit_rust.methods,
    "bindings/python/libtensor/_ops.py": emit_python.operations,
    "bindings/python/libtensor/_native.py": emit_python.native,
    **emit_docs.pages(),
}


def render(ops: list[model.Op]) -> dict[Path, str]:
    return {model.ROOT / name: write(ops) for name, write in FILES.items()}


def stale_files() -> list[Path]:
    files = render(model.load())
    return [path for path, text in files.items() if not path.exists() or path.read_text() != text]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a file is stale"
    )
    options = parser.parse_args()
    try:
        stale = stale_files()
        files = render(model.load())
    except model.TableError as error:
        print(f"src/ops/table.toml: {error}", file=sys.stderr)
        return 1
    for path in stale:
        name = path.relative_to(model.ROOT)
        if options.check:
            print(f"{name} is stale: run python3 tools/generate", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path])
            print(f"wrote {name}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
