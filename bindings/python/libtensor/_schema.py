"""How the generated list of operations is written down."""

from __future__ import annotations

from typing import NamedTuple

REQUIRED = ...
"""The default of an argument that must be given."""


class Arg(NamedTuple):
    """One argument of an operation: its type in the table's words, name and default.

    `field` is how it stands in the C struct of the operation's options (a word of _options.py);
    empty: it is a C argument.
    """

    type: str
    name: str
    default: object = REQUIRED
    field: str = ""


class Op(NamedTuple):
    """One C operation.

    `torch` are PyTorch's names for it; `returns` names its results ("bool" for a Python bool);
    `variants` are those of function, inplace (`name_`) and out (`name_out`) that exist; `scope`
    says where Python shows it: as function, as method, in nn.functional; `keyword_only` names the
    arguments that have no position.
    """

    name: str
    torch: tuple[str, ...]
    args: tuple[Arg, ...]
    returns: tuple[str, ...]
    variants: tuple[str, ...]
    scope: tuple[str, ...]
    doc: str
    dtype_keyword: bool = False
    numbers_as_tensors: bool = False
    returns_list: bool = False
    keyword_only: tuple[str, ...] = ()
