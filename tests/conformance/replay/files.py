"""The record files: gzipped JSON lines, a header first, one operation or family a file."""

import gzip
import json
from functools import lru_cache
from pathlib import Path

from replay.outcome import from_json, to_json

RECORDS = Path(__file__).resolve().parent.parent / "records"


def write(folder, name, header, lines):
    """Write one file; no time stamp goes in, so that equal records are equal files."""
    path = RECORDS / folder / f"{name}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in [header, *lines])
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.encode())


def names(folder):
    """The names of a folder's files, sorted."""
    return sorted(path.name.removesuffix(".jsonl.gz") for path in (RECORDS / folder).iterdir())


def header(folder, name):
    """The first line of a file."""
    with gzip.open(RECORDS / folder / f"{name}.jsonl.gz", "rt") as packed:
        return json.loads(packed.readline())


@lru_cache(maxsize=4)
def lines(folder, name):
    """The lines after the header."""
    with gzip.open(RECORDS / folder / f"{name}.jsonl.gz", "rt") as packed:
        packed.readline()
        return [json.loads(line) for line in packed]


def pack_runs(runs):
    """{variant: outcome} as JSON; an outcome equal to an earlier variant's names that variant."""
    packed, seen = {}, {}
    for variant, outcome in runs.items():
        coded = {key: to_json(item) for key, item in outcome.items()}
        text = json.dumps(coded)
        packed[variant] = seen.setdefault(text, variant)
        if packed[variant] == variant:
            packed[variant] = coded
    return packed


def unpack_run(packed, variant):
    """One variant's outcome."""
    coded = packed[variant]
    if isinstance(coded, str):
        coded = packed[coded]
    return {key: from_json(item) for key, item in coded.items()}
