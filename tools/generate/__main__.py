"""Writes all generated files of the project, or checks that they are up to date.

usage: python3 tools/generate [--check]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import emit_api
import emit_c
import emit_docs
import emit_enums
import emit_functions
import emit_functors
import emit_go
import emit_gradient_cases
import emit_hpp
import emit_json
import emit_meson
import emit_nodes
import emit_python
import emit_rust
import model
from model import Family, all_ops

WHOLE: dict[str, Callable[[list[Family]], str]] = {
    "include/tensor/ops.h": emit_c.c_umbrella,
    "include/tensor/cpp/methods.hpp": emit_hpp.methods_header,
    "include/tensor/ops.hpp": emit_hpp.umbrella,
    "src/ops/generated/ops.json": emit_json.table,
    "tests/ops/generated/derived_gradient_cases.cpp": emit_gradient_cases.all_cases,
    "bindings/rust/src/ffi/functions.rs": emit_rust.native,
    "bindings/rust/src/ffi/ops/mod.rs": emit_rust.declaration_modules,
    "bindings/rust/src/ops/mod.rs": emit_rust.modules,
    "bindings/python/libtensor/_ops/__init__.py": emit_python.all_operations,
    "bindings/python/libtensor/_native.py": emit_python.native,
    "docs/reference/README.md": emit_docs.index,
    "include/tensor/enums.h": emit_enums.c_header,
    "include/tensor/cpp/enums.hpp": emit_enums.hpp_header,
    "src/core/generated/enums.h": emit_enums.core_header,
    "capi/generated/enums.h": emit_enums.capi_header,
    "bindings/rust/src/enums.rs": emit_enums.rust_module,
    "bindings/go/enums.go": emit_enums.go_file,
    "bindings/python/libtensor/_enums.py": emit_enums.python_module,
}
"""Files about all operations."""

EACH_FAMILY: dict[str, Callable[[Family], str]] = {
    "include/tensor/ops/{}.h": emit_c.c_header,
    "capi/generated/{}.cpp": emit_c.c_source,
    "src/ops/generated/compute/{}.h": emit_functions.compute_header,
    "src/ops/generated/functions/{}.h": emit_functions.functions_header,
    "src/ops/generated/functions/{}.cpp": emit_functions.functions_source,
    "src/ops/generated/nodes/{}.h": emit_nodes.nodes_header,
    "tests/ops/generated/{}_gradient_cases.cpp": emit_gradient_cases.cases,
    "bindings/go/ops_{}.h": emit_go.shims,
    "bindings/go/ops_{}.go": emit_go.methods,
    "bindings/rust/src/ffi/ops/{}.rs": emit_rust.declarations,
    "bindings/rust/src/ops/{}.rs": emit_rust.methods,
    "bindings/python/libtensor/_ops/{}.py": emit_python.operations,
    "docs/reference/{}.md": emit_docs.page,
}
"""Files for each file of the table; {} is its name."""

EACH_OF_ALL: dict[str, Callable[[Family, list[Family]], str]] = {
    "include/tensor/ops/{}.hpp": emit_hpp.functions_header,
    "src/ops/generated/nodes/{}.cpp": emit_nodes.nodes_source,
}
"""Such files that depend on other families too."""

EACH_FUNCTOR_FAMILY = {
    "src/core/generated/functors/{}.h": emit_functors.numbers,
    "src/cpu/generated/pointwise_{}.cpp": emit_functors.cpu_source,
    "src/cuda/generated/pointwise_{}.cu": emit_functors.cuda_source,
}
"""Files for each family of functors."""

ALL_FUNCTORS = {
    "src/cpu/generated/functor_families.h": emit_functors.cpu_families,
    "src/cuda/generated/functor_families.h": emit_functors.cuda_families,
}

API: dict[str, Callable[[emit_api.Read], str]] = {
    "capi/generated/tensor.cdef.h": emit_api.flat_header,
    "capi/generated/api.json": emit_api.description,
}
"""Files about the whole C API, written by hand or not."""

LISTS = {
    "src/ops/generated/meson.build": ("library_sources", "src/ops/generated/", ".cpp"),
    "capi/generated/meson.build": ("library_sources", "capi/generated/", ".cpp"),
    "src/cpu/generated/meson.build": ("library_sources", "src/cpu/generated/", ".cpp"),
    "src/cuda/generated/meson.build": ("cuda_kernel_sources", "src/cuda/generated/", ".cu"),
    "include/generated/meson.build": ("operation_headers", "include/tensor/ops/", ".h"),
    "tests/ops/generated/meson.build": ("derived_case_sources", "tests/ops/generated/", ".cpp"),
}
"""Lists of generated files for meson: the variable that they are added to, their folder, which."""


def render(families: list[Family]) -> dict[str, str]:
    files = {name: write(families) for name, write in WHOLE.items()}
    for family in families:
        files |= {name.format(family.name): w(family) for name, w in EACH_FAMILY.items()}
        files |= {name.format(family.name): w(family, families) for name, w in EACH_OF_ALL.items()}

    def header(name: str) -> str:
        path = f"include/{name}"
        return files[path] if path in files else (model.ROOT / path).read_text()

    files |= {name: write(header) for name, write in API.items()}
    functors = emit_functors.functor_families(all_ops(families))
    for functor_family in functors:
        name = functor_family.name
        files |= {path.format(name): w(functor_family) for path, w in EACH_FUNCTOR_FAMILY.items()}
    files |= {name: write(functors) for name, write in ALL_FUNCTORS.items()}
    for name, (variable, folder, ending) in LISTS.items():
        found = [path for path in files if path.startswith(folder) and path.endswith(ending)]
        files[name] = emit_meson.sources(variable, Path(name).parent, sorted(found))
    return files


def left_over(files: dict[str, str]) -> list[str]:
    """Files beside generated ones that say they are generated, and no longer are."""
    folders = {Path(name).parent for name in files}
    beside = (path for folder in folders for path in (model.ROOT / folder).glob("*.*"))
    names = {path.relative_to(model.ROOT).as_posix(): path for path in beside if path.is_file()}
    return sorted(name for name in names.keys() - files if is_generated(names[name]))


def is_generated(path: Path) -> bool:
    return "enerated by tools/generate" in path.read_text(errors="replace")[:200]


def stale(files: dict[str, str]) -> list[str]:
    paths = {name: model.ROOT / name for name in files}
    return [
        name
        for name, text in files.items()
        if not paths[name].exists() or paths[name].read_text() != text
    ]


def check(files: dict[str, str]) -> int:
    problems = [f"{name} is stale: run python3 tools/generate" for name in stale(files)]
    problems += [f"{name} is left over: run python3 tools/generate" for name in left_over(files)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def write(files: dict[str, str]) -> None:
    for name in stale(files):
        path = model.ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name])
        print(f"wrote {name}")
    for name in left_over(files):
        (model.ROOT / name).unlink()
        print(f"removed {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a file is stale"
    )
    options = parser.parse_args()
    try:
        files = render(model.load())
    except model.TableError as error:
        print(f"src/ops/table: {error}", file=sys.stderr)
        return 1
    if options.check:
        return check(files)
    write(files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
