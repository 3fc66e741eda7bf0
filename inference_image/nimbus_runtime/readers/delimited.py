"""CSV and TSV: a header, then a record a row, which may span several lines."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from nimbus_runtime.contract.documents import Document, Reason, Rejected
from nimbus_runtime.contract.errors import InputSchemaError
from nimbus_runtime.contract.inputs import Compression, Fields, InputFile, Slice
from nimbus_runtime.readers.compression import BLOCK
from nimbus_runtime.readers.compression import SUFFIXES as PACKED
from nimbus_runtime.readers.intake import Intake, distinct_names
from nimbus_runtime.readers.lines import LONGEST, TOO_LONG, crowded, lines, too_many, without_end
from nimbus_runtime.readers.opening import GLANCE, unpacked
from nimbus_runtime.readers.record_starts import RecordSeeker
from nimbus_runtime.readers.records import records
from nimbus_runtime.readers.schema import expect_fields, expect_once
from nimbus_runtime.readers.shapes import Shapes

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterator

SUFFIXES: tuple[str, ...] = (".csv", ".tsv")

_SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the top of a file says about its rows. `end` is where the first of them may begin."""

    delimiter: str
    columns: list[str]
    end: int
    header: bytes


def check_schema(file: InputFile, fields: Fields) -> None:
    """Look for the fields in the header. A file of blank lines has neither header nor rows."""
    with unpacked(file, GLANCE) as stream:
        layout = _header(file, _records(file, stream))
    if layout is not None:
        _expect_separated(file, fields, layout)
        expect_fields(file, fields, layout.columns)
        expect_once(file, fields, layout.columns)


def split(file: InputFile, target: int) -> list[Slice]:
    """Return byte ranges that begin where records do, the first behind the header; a small file is not read for it."""
    if file.compression is not Compression.NONE:
        return [Slice(0, 1)]
    if file.size <= target:
        return [Slice(0, file.size)]
    with unpacked(file, BLOCK) as stream:
        found = _records(file, stream)
        if _header(file, found) is None:
            return []
        starts = [offset for offset, _ in islice(found, 1)]
        seek = RecordSeeker(stream, _delimiter(file).encode(), LONGEST)
        while starts and (start := seek.first_from(starts[-1] + target, record=starts[-1])) is not None:
            starts.append(start)
    return [Slice(start, end) for start, end in zip(starts, [*starts[1:], file.size], strict=False)]


def read(file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:
    """Yield a document a row, the other columns as strings in its metadata."""
    with unpacked(file) as stream:
        found = _records(file, stream)
        layout = _header(file, found)
        if layout is None:
            return
        expect_fields(file, fields, layout.columns)
        end = part.end if file.compression is Compression.NONE else sys.maxsize
        if file.compression is Compression.NONE and part.start > layout.end:
            found = _records(file, stream, part.start)
        intake = Intake(file.name, brings_ids=fields.id is not None, shapes=Shapes(layout.columns))
        rows = _Rows(layout, fields, intake)
        for offset, record in found:
            if offset >= end:
                return
            outcome = rows.take(offset, record)
            if outcome is not None:
                yield outcome


class _Rows:
    """Turns the records of one file into documents."""

    def __init__(self, layout: _Layout, fields: Fields, intake: Intake) -> None:
        self._dialect = _dialect(layout.delimiter)
        self._names = distinct_names(layout.columns)
        self._text = layout.columns.index(fields.text)
        self._id = None if fields.id is None else layout.columns.index(fields.id)
        self._others = [
            (number, name) for number, name in enumerate(self._names) if number not in {self._text, self._id}
        ]
        self._intake = intake

    def take(self, offset: int, record: bytes) -> Document | Rejected | None:
        """Return what becomes of a record, None for a blank line."""
        content = without_end(record)
        if not content:
            return None
        if len(record) > LONGEST:
            return self._intake.reject(offset, content, TOO_LONG)
        row = _parse(content, self._dialect)
        if isinstance(row, tuple):
            return self._intake.reject(offset, content, row)
        if len(row) != len(self._names):
            why = f"a row of {len(row)} fields under a header of {len(self._names)}"
            return self._intake.reject(offset, content, (Reason.INVALID_RECORD, why))
        others: dict[str, object] = {name: row[number] for number, name in self._others}
        given_id = None if self._id is None else row[self._id]
        return self._intake.admit(offset, content, row[self._text], given_id, others)


def _records(file: InputFile, stream: BinaryIO, start: int = 0) -> Iterator[tuple[int, bytes]]:
    return records(lines(stream, start), _delimiter(file).encode(), LONGEST)


def _delimiter(file: InputFile) -> str:
    name = PurePath(file.name.lower())
    return "\t" if (name.with_suffix("") if name.suffix in PACKED else name).suffix == ".tsv" else ","


def _header(file: InputFile, found: Iterator[tuple[int, bytes]]) -> _Layout | None:
    """Take the first record that is not blank."""
    delimiter = _delimiter(file)
    for offset, record in found:
        content = without_end(record)
        if content:
            columns = TOO_LONG if len(record) > LONGEST else _parse(content, _dialect(delimiter))
            if isinstance(columns, tuple):
                other = _other_separator(content, delimiter)
                if other is not None:
                    raise _separated_by(file, delimiter, other)
                what = f"{file.name} has no readable header"
                raise InputSchemaError(
                    what,
                    where=file.key,
                    got=columns[1],
                    expected="the names of the columns in the first row, in UTF-8",
                    remedy="Check that the file has the format its name says.",
                )
            return _Layout(delimiter, columns, offset + len(record), content)
    return None


def _expect_separated(file: InputFile, fields: Fields, layout: _Layout) -> None:
    """Refuse a header without the text field that has columns by another separator."""
    if fields.text not in layout.columns:
        other = _other_separator(layout.header, layout.delimiter)
        if other is not None:
            raise _separated_by(file, layout.delimiter, other)


def _other_separator(header: bytes, delimiter: str) -> str | None:
    """Return what else a header looks separated by: it gives two columns or more, all with a name."""
    for other in _SEPARATORS:
        columns = () if other == delimiter else _parse(header, _dialect(other))
        if isinstance(columns, list) and len(columns) > 1 and all(map(str.isidentifier, map(_joined, columns))):
            return other
    return None


def _joined(name: str) -> str:
    return re.sub(r"[ .:/-]", "_", name.strip())


def _separated_by(file: InputFile, delimiter: str, other: str) -> InputSchemaError:
    rename = " or name it .tsv" if other == "\t" else ""
    return InputSchemaError(
        f"{file.name} looks separated by {_SEPARATORS[other]}, not by {_SEPARATORS[delimiter]}",
        where=file.key,
        got=f"a header of several columns, {_SEPARATORS[other]} between them",
        expected="commas in .csv, tabs in .tsv",
        remedy=f"Write the file again with {_SEPARATORS[delimiter]}{rename}.",
    )


def _dialect(delimiter: str) -> _csv.Dialect:
    csv.field_size_limit(LONGEST)  # one number for the process; the default would refuse long texts
    return csv.reader((), delimiter=delimiter, strict=True).dialect


def _parse(content: bytes, dialect: _csv.Dialect) -> list[str] | tuple[Reason, str]:
    """Return the fields of a record, or why it has none."""
    if crowded(content, dialect.delimiter.encode()):
        return too_many(_SEPARATORS[dialect.delimiter])
    try:
        return next(csv.reader((content.decode(),), dialect))
    except UnicodeDecodeError as error:
        return Reason.INVALID_UTF8, f"invalid UTF-8 at byte {error.start} of the record"
    except csv.Error as error:
        if "new-line" in str(error):
            return Reason.INVALID_RECORD, "a carriage return in a field without quotes"
        return Reason.INVALID_RECORD, f"not CSV: {error}"
