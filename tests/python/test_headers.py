"""Reading the C headers: what the bindings' declarations are made from."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools/generate"
sys.path.insert(0, str(TOOLS))
if sys.version_info < (3, 11):
    pytest.skip("the generator needs Python 3.11", allow_module_level=True)

import c_headers  # noqa: E402
import emit_python  # noqa: E402

TEXT = """
/* Kinds. DEFAULT is 0. */
typedef int32_t tensor_kind_t;
enum { TENSOR_KIND_DEFAULT = 0, TENSOR_ONE = 1, /* the first */ TENSOR_BIG = 0x10 };

/* How many there are, of
 * any kind. Errors: none. */
TENSOR_API size_t tensor_count(void);
TENSOR_API tensor_status_t tensor_each(tensor_t* const* all, size_t count,
                                       void (*destroy)(void* user, int n), void* user,
                                       const char** name /* may be NULL */);
static inline int tensor_not_exported(void) { return 0; }
"""


def test_functions():
    count, each = c_headers.parse_functions(TEXT, "some.h")
    assert (count.name, count.result, count.parameters) == ("tensor_count", "size_t", ())
    assert count.doc == "How many there are, of any kind. Errors: none."
    assert not count.can_fail
    assert each.can_fail
    assert each.header == "some.h"
    assert [(p.type, p.name) for p in each.parameters] == [
        ("tensor_t* const*", "all"),
        ("size_t", "count"),
        ("void (*)(void* user, int n)", "destroy"),
        ("void*", "user"),
        ("const char**", "name"),
    ]
    assert [p.is_callback for p in each.parameters] == [False, False, True, False, False]


def test_constants():
    found = [(c.name, c.value, c.group) for c in c_headers.parse_constants(TEXT)]
    assert found == [
        ("TENSOR_KIND_DEFAULT", 0, "tensor_kind_t"),
        ("TENSOR_ONE", 1, "tensor_kind_t"),
        ("TENSOR_BIG", 16, "tensor_kind_t"),
    ]


def test_every_exported_function_is_read():
    exported = sum(path.read_text().count("\nTENSOR_API ") for path in c_headers.headers())
    assert len(c_headers.functions()) == exported


def test_types_in_ctypes():
    assert emit_python.ctype("const tensor_t*") == "c_void_p"
    assert emit_python.ctype("void (*)(void* user)") == "c_void_p"
    assert emit_python.ctype("uint64_t") == "c_uint64"
    with pytest.raises(ValueError, match="no ctypes form of the type 'wchar_t'"):
        emit_python.ctype("wchar_t")


def test_declarations_are_those_of_the_headers(torch):
    from libtensor._native import DTYPES, FUNCTIONS

    assert {f"tensor_{name}" for name in FUNCTIONS} == {f.name for f in c_headers.functions()}
    assert DTYPES["float32"] == 9
