"""Rules of the file targets, read back with other people's readers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
import zstandard

from nimbus import assembly
from nimbus.export.columns import columns
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.errors import ExportError, NimbusError, UsageError
from nimbus_runtime.contract.records import OutputFormat
from nimbus_runtime.published import dataset
from nimbus_runtime.rows import RowFormat

if TYPE_CHECKING:
    import pyarrow as pa
    from conftest import Builder, Rows, RowsOf

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
}


@pytest.fixture
def expected(example_rows: RowsOf) -> Rows:
    """Return the rows of the example root."""
    return example_rows(70)


@pytest.mark.parametrize("annotation", Annotation)
def test_the_columns_are_those_that_a_run_writes(annotation: Annotation) -> None:
    """Who writes rows and who exports them agree, for every annotation."""
    written = RowFormat((annotation,), ("LABEL",), "digest").schema()
    assert set(columns([annotation])) == set(written.names)


@pytest.mark.parametrize("packing", UNPACK)
def test_json_lines_hold_the_rows_with_nested_metadata(
    root: Path, tmp_path: Path, packing: str, expected: Rows
) -> None:
    """A line a row, in the order of the dataset, whatever the run's own format."""
    target = tmp_path / f"rows.jsonl{packing}"
    exported = assembly.export(root, str(target))
    assert (exported.rows, exported.target) == (70, str(target))
    lines = UNPACK[packing](target.read_bytes()).decode().splitlines()
    assert [json.loads(line) for line in lines] == expected


@pytest.mark.parametrize("packing", UNPACK)
def test_csv_holds_nested_columns_as_json(root: Path, tmp_path: Path, packing: str, expected: Rows) -> None:
    """The header names the columns; JSON text survives quotes, commas and line breaks; null is empty."""
    target = tmp_path / f"rows.csv{packing}"
    assembly.export(root, str(target))
    text = UNPACK[packing](target.read_bytes()).decode()
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    plain = [
        {k: v if k in ("id", "input_hash", "bundle_digest") else json.loads(v or "null") for k, v in row.items()}
        for row in read
    ]
    assert plain == expected


def test_parquet_has_the_schema_of_a_parquet_run(
    root: Path, tmp_path: Path, expected: Rows, rows_schema: pa.Schema
) -> None:
    """Both formats of a run give the same types: offsets are int32, scores float32, metadata JSON text."""
    target = tmp_path / "rows.parquet"
    assembly.export(root, str(target))
    table = pq.read_table(target)
    assert table.schema.equals(rows_schema)
    rows = [row | {"metadata": row["metadata"] and json.loads(row["metadata"])} for row in table.to_pylist()]
    assert rows == expected


def test_other_readers_open_the_parquet_file(root: Path, tmp_path: Path, expected: Rows) -> None:
    """DuckDB and pandas read what was exported."""
    target = tmp_path / "rows.parquet"
    assembly.export(root, str(target))
    query = f"select count(*) from '{target}' where ents[1].label = 'ORG'"  # noqa: S608 - our own path
    assert duckdb.connect().execute(query).fetchall() == [(60,)]
    assert list(pd.read_parquet(target)["id"]) == [row["id"] for row in expected]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl.gz", "jsonl.zst", "csv.gz"])
def test_an_export_of_the_same_rows_has_the_same_bytes(root: Path, tmp_path: Path, suffix: str) -> None:
    """No time and no name goes into a file."""
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    assembly.export(root, str(first))
    os.utime(first, (0, 0))
    assembly.export(root, str(second))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize("output_format", OutputFormat)
def test_a_dataset_without_rows_gives_a_valid_file(
    build: Builder, tmp_path: Path, suffix: str, output_format: OutputFormat, rows_schema: pa.Schema
) -> None:
    """Readers find the columns and no rows."""
    target = tmp_path / f"rows.{suffix}"
    assert assembly.export(build([], [], output_format=output_format), str(target)).rows == 0
    if suffix == "parquet":
        assert pq.read_table(target).column_names == rows_schema.names
    else:
        assert target.read_text(encoding="utf-8").count("\n") == (suffix == "csv")


def test_shards_without_rows_between_others_are_passed_over(
    build: Builder, tmp_path: Path, example_rows: RowsOf
) -> None:
    """An empty shard is nothing special."""
    root = build(example_rows(3), [], example_rows(2, 3), output_format=OutputFormat.PARQUET)
    assembly.export(root, str(tmp_path / "rows.parquet"))
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 5


def test_half_a_surrogate_pair_in_metadata_stays_what_it_was(
    build: Builder, tmp_path: Path, example_rows: RowsOf
) -> None:
    """What JSON can spell and UTF-8 cannot is escaped, never lost."""
    rows = example_rows(1)
    rows[0]["metadata"] = {"title": "ö \ud800"}
    root = build(rows, output_format=OutputFormat.PARQUET)
    assembly.export(root, str(tmp_path / "rows.jsonl"))
    assert json.loads((tmp_path / "rows.jsonl").read_bytes())["metadata"] == rows[0]["metadata"]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv.gz"])
def test_an_existing_file_is_replaced_only_on_demand(root: Path, tmp_path: Path, suffix: str) -> None:
    """Without --replace it stays as it was; with it the permissions stay."""
    target = tmp_path / f"rows.{suffix}"
    target.write_text("mine", encoding="utf-8")
    target.chmod(0o600)
    with pytest.raises(UsageError, match="exists already") as refusal:
        assembly.export(root, str(target))
    assert "--replace" in str(refusal.value)
    assert target.read_text(encoding="utf-8") == "mine"
    assembly.export(root, str(target), existing="replace")
    assert target.read_bytes() != b"mine"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "jsonl.zst", "csv", "csv.gz"])
def test_a_failure_leaves_neither_file_nor_trace(root: Path, tmp_path: Path, suffix: str) -> None:
    """A rows file that is damaged in the middle leaves the target as it was."""
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / f"rows.{suffix}"
    target.write_text("old", encoding="utf-8")
    broken = Path(dataset(root)[1])
    size = broken.stat().st_size
    broken.write_bytes(b"\0" * size)
    with pytest.raises(ExportError, match="cannot be read") as failure:
        assembly.export(root, str(target), existing="replace")
    assert str(broken) in str(failure.value)
    assert list(folder.iterdir()) == [target]
    assert target.read_text(encoding="utf-8") == "old"


def test_missing_rows_are_noticed_before_the_file_appears(build: Builder, tmp_path: Path, example_rows: RowsOf) -> None:
    """The record's count decides, not what a file happens to hold."""
    root = build(example_rows(3))
    record = next(root.glob("runs/*/run.json"))
    record.write_text(record.read_text(encoding="utf-8").replace('"rows":3', '"rows":4'), encoding="utf-8")
    with pytest.raises(ExportError, match="do not hold the rows"):
        assembly.export(root, str(tmp_path / "rows.csv"))
    assert not (tmp_path / "rows.csv").exists()


def test_rows_of_other_columns_are_refused(build: Builder, tmp_path: Path, example_rows: RowsOf) -> None:
    """No column is dropped or made up in silence."""
    rows = example_rows(2)
    rows[1]["vector"] = [1.0]
    with pytest.raises(ExportError, match="line 2"):
        assembly.export(build(rows), str(tmp_path / "rows.csv"))


def test_categories_that_appear_late_are_refused_in_parquet(
    build: Builder, tmp_path: Path, example_rows: RowsOf
) -> None:
    """A Parquet file's labels are fixed by its first rows; a new one is an error, not a loss."""
    rows = example_rows(1500)
    rows[1400]["cats"] = {"NEW": 1.0}
    with pytest.raises(ExportError, match="NEW"):
        assembly.export(build(rows), str(tmp_path / "rows.parquet"))


@pytest.mark.parametrize(
    ("to", "options", "words"),
    [
        ("rows.xlsx", {}, "does not say what to write"),
        ("rows", {}, "does not say what to write"),
        ("", {}, "does not say what to write"),
        ("rows.parquet.gz", {}, "compressed inside"),
        ("rows.csv", {"table": "t"}, "no table"),
        ("rows.csv", {"existing": "append"}, "--append"),
        ("mysql://u:secret@h/d", {}, "mysql://…"),
    ],
)
def test_targets_that_make_no_sense_are_wrong_usage(root: Path, to: str, options: dict[str, str], words: str) -> None:
    """The refusal says what is allowed, and repeats no password."""
    with pytest.raises(UsageError) as refusal:
        assembly.export(root, to, **options)  # type: ignore[arg-type]
    assert words in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_folder_or_a_missing_folder_is_refused(root: Path, tmp_path: Path) -> None:
    """Both are named, and neither is created or changed."""
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(UsageError, match="not a file"):
        assembly.export(root, str(tmp_path / "x.csv"), existing="replace")
    with pytest.raises(ExportError, match="folder of the target does not exist"):
        assembly.export(root, str(tmp_path / "none" / "x.csv"))


def test_a_link_is_followed(root: Path, tmp_path: Path) -> None:
    """Replacing through a link changes the file behind it, not the link."""
    (tmp_path / "link.csv").symlink_to("real.csv")
    assembly.export(root, str(tmp_path / "link.csv"))
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").is_file()


@pytest.mark.parametrize("target", ["rows.parquet", "rows.jsonl", "rows.csv.gz", "sqlite:rows.db"])
def test_a_full_disk_is_named_and_leaves_nothing(
    build: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, example_rows: RowsOf
) -> None:
    """Whichever the target, "no room left" is what the user reads."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        monkeypatch.chdir(disk)
        root = build(*(example_rows(1_000, n) for n in range(0, 20_000, 1_000)), output_format=OutputFormat.PARQUET)
        with pytest.raises(ExportError, match="no room left on the disk"):
            assembly.export(root, target)
        assert list(disk.iterdir()) == []
    finally:
        monkeypatch.undo()
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("target", ["rows.csv", "sqlite:rows.db"])
def test_a_read_only_folder_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """The refusal says that the folder cannot be written."""
    folder = tmp_path / "shut"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    as_root = os.geteuid() == 0
    if as_root and subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a read-only file system")
    folder.chmod(0o555) if not as_root else None
    try:
        monkeypatch.chdir(folder)
        with pytest.raises(NimbusError, match=r"cannot write the target|cannot be opened") as failure:
            assembly.export(root, target)
        assert "may write to" in str(failure.value)
    finally:
        monkeypatch.undo()
        if as_root:
            subprocess.run(["umount", str(folder)], check=True)
