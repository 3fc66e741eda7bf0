"""Rules of what is noted of records' fields: their names and types, bounded, and nobody's text."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nimbus_runtime import readers
from nimbus_runtime.contract.documents import Document
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.readers.shapes import Shapes


def noted(path: Path, id_field: str | None = None) -> list[tuple[str, ...]]:
    """Return what is noted of each document of a file, read as a run reads it."""
    (file,) = readers.resolve([str(path)], path.parent)
    found = [
        item for part in readers.split(file, 1 << 20) for item in readers.read(file, part, Fields("text", id_field))
    ]
    return [item.fields for item in found if isinstance(item, Document)]


def test_every_type_of_json_is_told_apart(tmp_path: Path) -> None:
    """The text and the id are no news; a number that is whole is a number like any other."""
    values = {"s": "x", "i": 1, "f": 1.5, "b": True, "n": None, "l": [1], "o": {"a": 1}, "nan": float("nan")}
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"text": "t", "key": "1", **values}).encode()))
    kinds = {"boolean b", "list l", "null n", "null nan", "number f", "number i", "object o", "string s"}
    assert noted(path, "key") == [tuple(sorted(kinds))]


def test_an_empty_cell_is_the_null_of_a_table_without_types(tmp_path: Path) -> None:
    """CSV has no other; a Parquet column has its own, and the types that its values have as JSON."""
    (tmp_path / "a.csv").write_text("text,colour\nt,red\nt,\n", encoding="utf-8")
    assert noted(tmp_path / "a.csv") == [("string colour",), ("null colour",)]
    table = pa.table({"text": ["t", "t"], "size": [1.5, None], "tags": [["a"], []]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert noted(tmp_path / "a.parquet") == [("list tags", "number size"), ("list tags", "null size")]


def test_plain_texts_have_no_fields(tmp_path: Path) -> None:
    """And nothing is noted of them."""
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert noted(tmp_path / "a.txt") == [(), ()]


@pytest.mark.parametrize(
    "name", ["please call me back on Monday", "4111 1111 1111 1111", "", "x" * 50, "\ud800", "<b>"]
)
def test_a_name_that_may_be_text_is_not_shown(name: str) -> None:
    """The same one always has the same short hash, in any process."""
    (entry, shown) = Shapes().of({name: 1, "size": 1})
    assert (shown, entry[:8], len(entry)) == ("number size", "number #", 16)
    assert Shapes().of({"size": 1, name: 1}) == (entry, shown)


def test_a_table_without_a_header_shows_no_name(tmp_path: Path) -> None:
    """Its first row is a document, of which one cell may look like a name."""
    (tmp_path / "a.csv").write_text("text,Anna,call me back on Monday\nt,red,x\n", encoding="utf-8")
    assert all(entry.startswith("string #") for entry in noted(tmp_path / "a.csv")[0])


def test_what_is_noted_is_bounded() -> None:
    """Names that are data, such as customers' numbers, are told apart up to a hundred, however many there are."""
    shapes = Shapes()
    found: set[str] = set()
    for number in range(5000):
        found |= set(shapes.of({"size": 1, f"c{number:04}": None}))
    assert "others" in found
    assert len(found) == 101
    wide: dict[str, Any] = {f"w{number}": number for number in range(5000)}
    assert shapes.of(wide) == ("others",)
