"""Every document lies in exactly one slice, whatever the content and the size of the slices."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nimbus_runtime.contract.documents import Document
from nimbus_runtime.contract.inputs import Compression, Fields, Format, InputFile, Slice
from nimbus_runtime.readers import read, split
from nimbus_runtime.readers.lines import lines
from nimbus_runtime.readers.record_starts import RecordSeeker
from nimbus_runtime.readers.records import records

PIECES = [
    b"a",
    b"\xc3\xa9",
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xff",
    b"\0",
    b"\xef\xbb\xbf",
    b'{"text":1}',
]
MESSY = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)
TARGET = st.integers(min_value=1, max_value=80)
CELL = st.text(alphabet=st.sampled_from('ab,"\n\r é'), max_size=12)
FIELDS = Fields()


def make(folder: str, content: bytes, form: Format) -> InputFile:
    """Write content to a file as a run would find it."""
    path = Path(folder, "input")
    path.write_bytes(content)
    status = path.stat()
    return InputFile(str(path), "input", status.st_size, str(status.st_mtime_ns), form, Compression.NONE)


def expect_same(content: bytes, form: Format, target: int) -> list[object]:
    """Compare all slices with the whole, and return the whole."""
    with tempfile.TemporaryDirectory() as folder:
        file = make(folder, content, form)
        parts = split(file, target)
        if parts:
            assert all(part.start < part.end for part in parts)
            assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
        whole = split(file, 1 << 40)
        assert len(whole) <= 1
        at_once: list[object] = [item for part in whole for item in read(file, part, FIELDS)]
        assert [item for part in parts for item in read(file, part, FIELDS)] == at_once
        return at_once


@settings(deadline=None)
@given(content=MESSY, target=TARGET)
def test_every_line_of_a_text_is_read_once(content: bytes, target: int) -> None:
    """The slices of any bytes give the lines that splitting at newlines gives."""
    whole = expect_same(content, Format.TEXT, target)
    body = content.removeprefix(b"\xef\xbb\xbf")
    assert len(whole) == len(body.split(b"\n")) - (body.endswith(b"\n") or not body)


@settings(deadline=None)
@given(content=MESSY, target=TARGET)
def test_every_line_of_jsonl_is_read_once(content: bytes, target: int) -> None:
    """The slices of any bytes give what the whole file gives."""
    expect_same(content, Format.JSONL, target)


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=10), max_size=12), target=TARGET)
def test_every_text_of_jsonl_arrives_as_written(texts: list[str], target: int) -> None:
    """What was written as JSON is what is read, in order."""
    content = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts).encode()
    items = expect_same(content, Format.JSONL, target)
    assert [item.text for item in items if isinstance(item, Document)] == [t for t in texts if "\0" not in t]
    assert len(items) == len(texts)


@settings(deadline=None)
@given(content=MESSY, target=TARGET)
def test_every_record_of_a_broken_csv_is_read_once(content: bytes, target: int) -> None:
    """Stray, doubled and unclosed quotes never let two slices disagree about a record."""
    expect_same(b"text\n" + content, Format.CSV, target)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), max_size=12), target=TARGET, end=st.sampled_from(["\n", "\r\n"]))
def test_every_row_of_a_csv_arrives_as_written(rows: list[tuple[str, str]], target: int, end: str) -> None:
    """Quoted fields keep their newlines, delimiters and quotes across slices."""
    quoted = [[f'"{cell.replace(chr(34), 2 * chr(34))}"' for cell in row] for row in rows]
    content = "".join(f"{','.join(row)}{end}" for row in [["text", "other"], *quoted]).encode()
    items = expect_same(content, Format.CSV, target)
    assert [
        (item.text, json.loads(item.metadata or "")["other"]) for item in items if isinstance(item, Document)
    ] == rows


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(max_size=10), max_size=20), group=st.integers(1, 5), target=TARGET)
def test_every_row_of_a_parquet_is_read_once(texts: list[str], group: int, target: int) -> None:
    """Groups of row groups together are the table, and positions count its rows."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), sink, row_group_size=group)
    items = expect_same(sink.getvalue(), Format.PARQUET, target)
    positions = [item.position for item in items if hasattr(item, "position")]
    assert positions == list(range(len(texts)))


@settings(deadline=None)
@given(content=MESSY, due=st.integers(1, 150), step=st.integers(1, 40))
def test_the_fast_way_to_a_record_start_agrees_with_the_slow_one(content: bytes, due: int, step: int) -> None:
    """Block-wise search has the rules of joining records, at any size of block."""
    stream = io.BytesIO(b"h\n" + content)
    starts = [offset for offset, _ in records(lines(stream, 2), b",", 64)]
    for start in starts[:1]:
        seeker = RecordSeeker(stream, b",", 64, step)
        expected = next((offset for offset in starts if offset >= max(due, start)), None)
        assert seeker.first_from(due, record=start) == expected


@example(content=b"\xef\xbb\xbf\xef\xbb\xbf", start=1, size=3, longest=4)
@settings(deadline=None)
@given(content=MESSY, start=st.integers(0, 150), size=st.integers(1, 80), longest=st.integers(4, 40))
def test_a_line_belongs_to_the_slice_of_its_first_byte(content: bytes, start: int, size: int, longest: int) -> None:
    """Lines of any slice are those lines of the whole that begin in it."""
    whole = list(lines(io.BytesIO(content), longest=longest))
    part = list(lines(io.BytesIO(content), start, start + size, longest))
    assert part == [(offset, line) for offset, line in whole if start <= offset < start + size]


@pytest.mark.parametrize("form", [Format.TEXT, Format.JSONL, Format.CSV, Format.PARQUET, Format.DOCBIN])
def test_an_empty_file_has_no_slices(tmp_path: Path, form: Format) -> None:
    """A file of no bytes holds no documents in any format."""
    file = make(str(tmp_path), b"", form)
    assert split(file, 10) == []
    assert list(read(file, Slice(0, 1), FIELDS)) == []


def test_a_slice_has_at_least_one_byte(tmp_path: Path) -> None:
    """A target of nothing is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one byte"):
        split(make(str(tmp_path), b"a", Format.TEXT), 0)


def test_lines_are_split_without_reading_them(tmp_path: Path) -> None:
    """Byte ranges are even and depend on the size alone."""
    file = make(str(tmp_path), b"x" * 100, Format.TEXT)
    assert split(file, 33) == [Slice(0, 33), Slice(33, 66), Slice(66, 100)]
