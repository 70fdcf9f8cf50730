"""The table of result dtypes: every pair of dtypes, for every operation of two operands."""

import torch
from replay.outcome import to_json
from replay.promotion import FORMS, run_pair

from recorder.catalog import DTYPES
from recorder.encode import dtype_name

NAMES = [dtype_name(dtype) for dtype in DTYPES]


def table_lines(name):
    """One line per form: {"form": ..., "rows": {"int8 float16": outcome}}."""
    for form, (_, second) in FORMS.items():
        if name == "where" and form == "in_place":
            continue
        others = NAMES if second == "dtype" else ["int", "float", "bool"]
        rows = {f"{one} {other}": to_json(run_pair(torch, name, form, one, other))
                for one in NAMES for other in others}
        yield {"form": form, "rows": rows}
