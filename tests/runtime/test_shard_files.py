"""Rules of a shard's files."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nimbus_runtime.contract import paths
from nimbus_runtime.contract.records import DataFile, OutputFormat
from nimbus_runtime.shard_files import RecordWriter
from nimbus_runtime.store import DirectoryStore

RUN = "20261122T020000Z"
SCHEMA = pa.schema([("id", pa.string()), ("metadata", pa.string()), ("heads", pa.list_(pa.int32()))])
LARGE = "x" * (5 << 20)
Row = dict[str, Any]


def _row(number: int, metadata: str | None = None) -> Row:
    return {"id": f"{number:06}", "metadata": metadata, "heads": [number]}


def _written(store: DirectoryStore, calls: Iterable[list[Row]]) -> DataFile:
    with store.staged() as staged, RecordWriter(staged, SCHEMA, OutputFormat.PARQUET) as writer:
        for rows in calls:
            writer.write(rows)
        return writer.publish(RUN)


def _groups(store: DirectoryStore, file: DataFile) -> list[int]:
    found = pq.read_metadata(store.path(paths.data(RUN, file.file)))
    return [found.row_group(number).num_rows for number in range(found.num_row_groups)]


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        pytest.param([_row(n) for n in range(5000)], [4096, 904], id="small rows"),
        pytest.param([_row(n, LARGE) for n in range(8)], [7, 1], id="large rows"),
        pytest.param([], [], id="none"),
    ],
)
def test_a_group_ends_by_rows_or_by_bytes_however_they_come(rows: list[Row], groups: list[int], tmp_path: Path) -> None:
    """The bytes of a file depend on its rows alone; what waits to be written is bounded."""
    store = DirectoryStore(tmp_path)
    at_once = _written(store, [rows])
    assert _groups(store, at_once) == groups
    assert _written(store, ([row] for row in rows)) == at_once
    if rows:
        read = pq.read_table(store.path(paths.data(RUN, at_once.file)))
        assert read["id"].to_pylist() == [row["id"] for row in rows]


def test_a_writer_that_is_abandoned_ends_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails within a shard leaves no open Parquet file to be closed after its file."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    store = DirectoryStore(tmp_path)

    def fail() -> None:
        with store.staged() as staged, RecordWriter(staged, SCHEMA, OutputFormat.PARQUET) as writer:
            writer.write([_row(number) for number in range(5000)])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    gc.collect()
    assert complaints == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
