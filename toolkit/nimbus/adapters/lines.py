"""Rows as lines: JSON lines read and written, CSV written, plain or packed.

The same rows always give the same bytes, packed or not: no time stamp, no name, no order of chance.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from nimbus.adapters.files import whole_file
from nimbus_runtime.contract.errors import ExportError
from nimbus_runtime.published import opened

Row = tuple[str | None, ...]
_BATCH = 1_000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_text(value: object) -> str:
    """Return a value as compact JSON text, with escapes only where UTF-8 has no other way."""
    text = _encode(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
            return json.dumps(value, separators=(",", ":"))
    return text


def nested_text(value: object) -> str | None:
    """Return a nested value as JSON text, and null as nothing."""
    return None if value is None else json_text(value)


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Rows files of JSON lines, one after the other."""

    paths: tuple[str, ...]

    def batches(self, columns: Mapping[str, str]) -> Iterator[list[Row]]:
        """Yield rows with these columns, JSON as text, a thousand at a time."""
        rows = itertools.chain.from_iterable(_rows(path, columns) for path in self.paths)
        while batch := list(itertools.islice(rows, _BATCH)):
            yield batch


def _rows(path: str, columns: Mapping[str, str]) -> Iterator[Row]:
    is_json = [(name, kind == "json") for name, kind in columns.items()]
    number = 0
    try:
        with opened(path) as file:
            for number, line in enumerate(file, start=1):
                row = json.loads(line)
                if row.keys() != columns.keys():
                    raise _damaged(path, number, f"the fields {', '.join(row)}", ", ".join(columns))
                yield tuple(nested_text(row[name]) if nested else row[name] for name, nested in is_json)
    except OSError as error:
        raise _damaged(path, number, error.strerror or str(error), "a readable file") from None
    except (ValueError, AttributeError, TypeError) as error:
        raise _damaged(path, number, type(error).__name__, "a JSON object a line") from None


def _damaged(path: str, number: int, got: str, expected: str) -> ExportError:
    return ExportError(
        "a file of the dataset cannot be read",
        where=f"{path}, line {number}",
        got=got,
        expected=expected,
        remedy="restore the file from a backup, or start a new run",
    )


@dataclass(frozen=True, slots=True)
class _TextFile:
    """One file to write; `packing` is "gz", "zst" or nothing."""

    path: Path
    packing: str
    replace: bool

    @property
    def location(self) -> str:
        """Return the file's path."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class JsonLinesFile(_TextFile):
    """One file of JSON lines."""

    def write(self, columns: Mapping[str, str], batches: Iterable[Iterable[Row]]) -> None:
        """Write a line a row; JSON columns are nested values there, not text."""
        fields = [(f'"{name}":', kind == "json") for name, kind in columns.items()]
        with _text(self.path, self.packing, replace=self.replace) as file:
            for batch in batches:
                file.writelines(_line(fields, row) for row in batch)


def _line(fields: list[tuple[str, bool]], row: Row) -> str:
    parts = [
        head + ("null" if value is None else value if nested else json_text(value))
        for (head, nested), value in zip(fields, row, strict=True)
    ]
    return "{" + ",".join(parts) + "}\n"


@dataclass(frozen=True, slots=True)
class CsvFile(_TextFile):
    """One CSV file with a header, in UTF-8; nested columns hold JSON text, null is an empty field."""

    def write(self, columns: Mapping[str, str], batches: Iterable[Iterable[Row]]) -> None:
        """Write the header and a record a row."""
        with _text(self.path, self.packing, replace=self.replace) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for batch in batches:
                writer.writerows(batch)


@contextlib.contextmanager
def _text(path: Path, packing: str, *, replace: bool) -> Iterator[TextIO]:
    with whole_file(path, replace=replace) as file, _packed(file, packing) as packed:
        text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
        try:
            yield text
            text.flush()
        finally:
            with contextlib.suppress(OSError):  # a full disk: reported once is enough
                text.detach()


@contextlib.contextmanager
def _packed(file: BinaryIO, packing: str) -> Iterator[BinaryIO]:
    """Compress what is written; the file below stays open, so that it can be brought to the disk."""
    if packing == "gz":
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            yield cast("BinaryIO", packed)
    elif packing == "zst":
        import zstandard  # noqa: PLC0415 - only where it is asked for

        with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as packed:
            yield packed
    else:
        yield file
