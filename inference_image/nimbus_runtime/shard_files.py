"""The files of one shard, written in a stream and named by their content when they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from nimbus_runtime.contract import paths
from nimbus_runtime.contract.records import DataFile, OutputFormat
from nimbus_runtime.rows import Row, as_json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from nimbus_runtime.store import Staged

_ROW_GROUP = 4096
_WEIGHT = 128 << 20  # of the rows of a group, in bytes at most: what keeps memory flat where rows are large
_CHARACTER, _ELEMENT = 4, 8


class HashingFile:
    """A file that is only ever appended to, and its hash."""

    def __init__(self, file: BinaryIO) -> None:
        """Wrap an open, empty file."""
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        self.closed = False
        self.abandoned = False

    def write(self, data: bytes) -> int:
        """Append bytes, unless nobody wants them any more."""
        if self.abandoned:
            return len(data)
        written = self._file.write(data)
        self._hash.update(data)
        self.size += written
        return written

    def flush(self) -> None:
        """Do nothing: the store settles a file before it is published."""

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def close(self) -> None:
        """Mark the end of writing; the file itself belongs to the store."""
        self.closed = True

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was written."""
        return self._hash.hexdigest()


class RecordWriter:
    """Writes records of one schema as Parquet or JSON lines."""

    def __init__(self, staged: Staged, schema: pa.Schema, output_format: OutputFormat) -> None:
        """Open a writer on a staged file."""
        self._staged = staged
        self._schema = schema
        self._format = output_format
        self._file = HashingFile(staged.file)
        self._waiting: list[Row] = []
        self._weight = 0
        self._rows = 0
        self._parquet: pq.ParquetWriter | None = None  # opened by the first rows: a file may stay unwanted

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was not published, for good; its bytes are nobody's."""
        self._file.abandoned = True
        if self._parquet is not None:
            self._parquet.close()

    def write(self, records: Sequence[dict[str, Any]]) -> None:
        """Append records; they reach the file in groups of a fixed size, smaller ones where rows are large.

        Where a group ends is decided row by row, so that it is the same however the records come.
        """
        self._rows += len(records)
        if self._format is OutputFormat.JSONL:
            self._file.write(b"".join(map(as_json, records)))
            return
        for record in records:
            self._waiting.append(record)
            self._weight += _weight(record)
            if len(self._waiting) >= _ROW_GROUP or self._weight >= _WEIGHT:
                self._flush()

    def publish(self, run: str) -> DataFile:
        """Finish the file and give it its name; the same content may already have it."""
        if self._format is OutputFormat.PARQUET:
            self._flush().close()
        name = f"{self._file.digest}.{self._format.value}"
        self._staged.publish(paths.data(run, name))
        return DataFile(name, self._rows, self._file.size)

    def _flush(self) -> pq.ParquetWriter:
        import pyarrow as pa  # noqa: PLC0415 - only where Parquet is written
        import pyarrow.parquet as pq  # noqa: PLC0415

        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        if self._waiting:
            columns = [pa.array([r[field.name] for r in self._waiting], type=field.type) for field in self._schema]
            self._waiting, self._weight = [], 0
            self._parquet.write_table(pa.table(columns, schema=self._schema), row_group_size=_ROW_GROUP)
        return self._parquet


def _weight(row: Row) -> int:
    """Return how many bytes the characters of a row and the elements of its lists may take."""
    sizes = ((len(v), isinstance(v, str)) for v in row.values() if hasattr(v, "__len__"))
    return sum(size * (_CHARACTER if text else _ELEMENT) for size, text in sizes)


def quarantine_schema() -> pa.Schema:
    """Return the columns of quarantined documents: where each is and why, never its text."""
    import pyarrow as pa  # noqa: PLC0415 - only where files are written

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("input", pa.string(), nullable=False),
            pa.field("position", pa.int64(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("detail", pa.string(), nullable=False),
        ]
    )
