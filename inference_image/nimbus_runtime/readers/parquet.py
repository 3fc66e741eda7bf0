"""Parquet: a row a document, read in batches within row groups."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from nimbus_runtime.contract.documents import Document, Reason, Rejected
from nimbus_runtime.contract.errors import InputSchemaError
from nimbus_runtime.contract.inputs import Fields, InputFile, Slice
from nimbus_runtime.readers.columns import Undecodable, column_values
from nimbus_runtime.readers.compression import BLOCK
from nimbus_runtime.readers.intake import Intake, distinct_names
from nimbus_runtime.readers.opening import opened, unreadable
from nimbus_runtime.readers.schema import expect_fields, expect_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.parquet as pq

SUFFIXES: tuple[str, ...] = (".parquet", ".pq")

_BATCH = 512  # rows in memory at a time, fewer where they are large
_HELD = 32 << 20  # bytes of these


def check_schema(file: InputFile, fields: Fields) -> None:
    """Look for the columns, and refuse types that are no text and no id."""
    from pyarrow import types  # noqa: PLC0415 (only for those who have such files)

    with _table(file) as table:
        schema = table.schema_arrow
    expect_fields(file, fields, schema.names)
    expect_once(file, fields, schema.names)
    text = _plain(schema.field(fields.text).type)
    if not _is_string(text):
        raise _wrong_type(file, fields.text, schema, "a column of strings for the text")
    if fields.id is not None:
        identity = _plain(schema.field(fields.id).type)
        if not (_is_string(identity) or types.is_integer(identity)):
            raise _wrong_type(file, fields.id, schema, "a column of strings or integers for the id")


def split(file: InputFile, target: int) -> list[Slice]:
    """Return groups of consecutive row groups.

    What counts is the unpacked size of the columns that hold strings, since the text is the
    work: a table may carry vectors or images that are far larger. Without such a column, all
    columns count.
    """
    with _table(file) as table:
        weights = _weights(table)
        if not table.metadata.num_rows:
            return []
    starts = [0]
    filled = 0
    for number, weight in enumerate(weights):
        if filled and filled + weight > target:
            starts.append(number)
            filled = 0
        filled += weight
    return [Slice(start, end) for start, end in zip(starts, [*starts[1:], len(weights)], strict=True)]


def read(file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:
    """Yield a document a row, the other columns in its metadata."""
    intake = Intake(file.name, brings_ids=fields.id is not None)
    with _table(file) as table:
        columns = table.schema_arrow.names
        expect_fields(file, fields, columns)
        names = distinct_names(columns)
        text = columns.index(fields.text)
        identity = None if fields.id is None else columns.index(fields.id)
        others = [number for number in range(len(names)) if number not in {text, identity}]
        position = sum(table.metadata.row_group(group).num_rows for group in range(part.start))
        groups = range(part.start, part.end)
        rows = min(map(partial(_rows_at_once, table.metadata), groups), default=_BATCH)
        for batch in table.iter_batches(batch_size=rows, row_groups=list(groups), use_threads=False):
            values = [column_values(column) for column in batch.columns]
            for row in zip(*values, strict=True):
                content = _content(row[text])
                broken = next((value for value in row if isinstance(value, Undecodable)), None)
                if broken is not None:
                    why = f"invalid UTF-8 at byte {broken.at} of a value"
                    yield intake.reject(position, content, (Reason.INVALID_UTF8, why))
                else:
                    given_id = None if identity is None else row[identity]
                    metadata = {names[number]: row[number] for number in others}
                    yield intake.admit(position, content, row[text], given_id, metadata)
                position += 1


@contextmanager
def _table(file: InputFile) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa  # noqa: PLC0415 (only for those who have such files)
    import pyarrow.parquet as pq  # noqa: PLC0415

    with opened(file) as stream:
        try:
            with pq.ParquetFile(stream, buffer_size=BLOCK, pre_buffer=False) as table:
                yield table
        except pa.ArrowException as error:
            raise unreadable(file, error, expected="a Parquet file") from error


def _rows_at_once(metadata: pq.FileMetaData, group: int) -> int:
    found = metadata.row_group(group)
    fitting: int = _HELD * found.num_rows // max(1, found.total_byte_size)
    return max(1, min(_BATCH, fitting))


def _weights(table: pq.ParquetFile) -> list[int]:
    metadata = table.metadata
    every_column = range(metadata.num_columns)
    strings = [n for n in every_column if metadata.schema.column(n).logical_type.type == "STRING"]
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return [sum(group.column(n).total_uncompressed_size for n in strings or every_column) for group in groups]


def _content(text: object) -> bytes:
    """Return what an id is derived from."""
    if isinstance(text, Undecodable):
        return text.content
    return text.encode() if isinstance(text, str) else b""


def _plain(kind: pa.DataType) -> pa.DataType:
    from pyarrow import types  # noqa: PLC0415

    return kind.value_type if types.is_dictionary(kind) else kind


def _is_string(kind: pa.DataType) -> bool:
    from pyarrow import types  # noqa: PLC0415

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _wrong_type(file: InputFile, name: str, schema: pa.Schema, expected: str) -> InputSchemaError:
    return InputSchemaError(
        f"{file.name}: the column {name!r} cannot be used",
        where=file.key,
        got=f"a column of type {schema.field(name).type}",
        expected=expected,
        remedy="Name another column, or convert this one where the file is written.",
    )
