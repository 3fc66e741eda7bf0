"""Parquet read and written; rows go from Parquet to Parquet as they are, without a detour over Python."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus.adapters.files import whole_file
from nimbus.adapters.lines import nested_text
from nimbus_runtime.contract.errors import ExportError
from nimbus_runtime.published import opened

if TYPE_CHECKING:
    import pyarrow as pa

Row = tuple[str | None, ...]
_BATCH = 1_000
_GROUP_ROWS, _GROUP_BYTES = 100_000, 64 << 20  # a row group ends at whichever is reached first
_SPAN = {"start": "int32", "end": "int32"}
_NAMED = {**_SPAN, "label": "string", "kb_id": "string", "id": "string"}
_STRUCTS = {
    "ents": _NAMED,
    "spans": {"key": "string", **_NAMED},
    "sents": _SPAN,
}
_NUMBERS = frozenset({"token_starts", "token_ends", "heads"})
_JSON_ALREADY = "metadata"  # JSON text in Parquet too; every other JSON column is nested there


@dataclass(frozen=True, slots=True)
class ArrowRows:
    """A batch that becomes Python's rows only where a sink asks for them."""

    batch: pa.RecordBatch
    columns: Mapping[str, str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.batch.num_rows)

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows, JSON as text."""
        read = []
        for name, kind in self.columns.items():
            values = _plain(self.batch.column(name))
            as_it_is = kind == "text" or name == _JSON_ALREADY
            read.append(values if as_it_is else [nested_text(value) for value in values])
        return iter(zip(*read, strict=True))


@dataclass(frozen=True, slots=True)
class Parquet:
    """Rows files of Parquet, one after the other."""

    paths: tuple[str, ...]

    def batches(self, columns: Mapping[str, str]) -> Iterator[ArrowRows]:
        """Yield rows with these columns; a file without rows yields an empty batch, which has a schema."""
        for path in self.paths:
            yield from _batches(path, columns)


def _batches(path: str, columns: Mapping[str, str]) -> Iterator[ArrowRows]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    try:
        with opened(path) as stream, pq.ParquetFile(stream) as file:
            names = file.schema_arrow.names
            if set(names) != set(columns):
                raise _damaged(path, f"the columns {', '.join(names)}", ", ".join(columns))
            empty = () if file.metadata.num_rows else (pa.RecordBatch.from_pylist([], file.schema_arrow),)
            for batch in itertools.chain(empty, file.iter_batches(_BATCH, use_threads=False)):
                yield ArrowRows(batch.select(list(columns)), columns)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, str(error).splitlines()[0], "a whole Parquet file") from None


def _damaged(path: str, got: str, expected: str) -> ExportError:
    return ExportError(
        "a file of the dataset cannot be read",
        where=path,
        got=got,
        expected=expected,
        remedy="restore the file from a backup, or start a new run",
    )


def _plain(array: pa.Array) -> list[Any]:
    """Return an array as Python values; whole columns at a time, which to_pylist() does value by value."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if pa.types.is_list(array.type):
        values = _plain(array.flatten())
        ends = list(itertools.accumulate(array.value_lengths().fill_null(0).to_pylist()))
        lists = [values[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return _where_valid(array, lists)
    if pa.types.is_struct(array.type):
        names = [field.name for field in array.type]
        children = [_plain(child) for child in array.flatten()]
        rows = zip(*children, strict=True)
        return _where_valid(array, [dict(zip(names, row, strict=True)) for row in rows])
    if pa.types.is_primitive(array.type) and not array.null_count:
        return list(array.to_numpy(zero_copy_only=False).tolist())
    return list(array.to_pylist())


def _where_valid(array: pa.Array, values: list[Any]) -> list[Any]:
    if not array.null_count:
        return values
    valid = array.is_valid().to_pylist()
    return [value if is_valid else None for value, is_valid in zip(values, valid, strict=True)]


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One Parquet file, compressed with Zstandard."""

    path: Path
    replace: bool

    @property
    def location(self) -> str:
        """Return the file's path."""
        return str(self.path)

    def write(self, columns: Mapping[str, str], batches: Iterable[Iterable[Row]]) -> None:
        """Write row groups of 100,000 rows or 64 MiB, whichever is reached first."""
        import pyarrow as pa  # noqa: PLC0415 - heavy
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        with whole_file(self.path, replace=self.replace) as file:
            typed = _typed(columns, batches)
            first = next(typed)
            with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
                for group in _groups(itertools.chain([first], typed)):
                    writer.write_table(pa.Table.from_batches(group))


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield held
            held, rows, size = [], 0, 0
    if held:
        yield held


def _typed(columns: Mapping[str, str], batches: Iterable[Iterable[Row]]) -> Iterator[pa.RecordBatch]:
    """Yield batches of one schema, which the first of them decides; there is at least one."""
    schema: pa.Schema | None = None
    for batch in itertools.chain(batches, [()]):  # the last is for a dataset without rows
        if isinstance(batch, ArrowRows):
            typed = batch.batch
        elif (rows := list(batch)) or schema is None:
            typed = _from_text(columns, rows, schema)
        else:
            return
        schema = schema or typed.schema
        if typed.schema != schema:
            raise _disagreeing(str(typed.schema), str(schema))
        yield typed


def _from_text(columns: Mapping[str, str], rows: list[Row], schema: pa.Schema | None) -> pa.RecordBatch:
    """Return rows of text as typed columns; the first batch decides which labels `cats` holds."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    values: dict[str, list[Any]] = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    for name, kind in columns.items():
        if kind == "json" and name != _JSON_ALREADY:
            values[name] = [None if text is None else json.loads(text) for text in values[name]]
    labels = list(dict.fromkeys(label for cats in values.get("cats", []) for label in cats or ()))
    if schema is None:
        schema = pa.schema(
            [pa.field(name, _type(name, kind, labels), kind != "text") for name, kind in columns.items()]
        )
    elif "cats" in columns and (new := set(labels) - {field.name for field in schema.field("cats").type}):
        raise _disagreeing(f"cats with {', '.join(sorted(new))}", "the same categories in every row")
    try:
        return pa.RecordBatch.from_arrays([pa.array(values[field.name], field.type) for field in schema], schema=schema)
    except (pa.ArrowException, OverflowError) as error:
        raise _disagreeing(str(error).splitlines()[0], str(schema)) from None


def _type(name: str, kind: str, labels: list[str]) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if kind == "text" or name == _JSON_ALREADY:
        return pa.string()
    if name == "cats":  # Parquet has no struct without fields
        return pa.struct([(label, pa.float32()) for label in labels]) if labels else pa.null()
    if name in _STRUCTS:
        fields = [(field, pa.type_for_alias(scalar)) for field, scalar in _STRUCTS[name].items()]
        return pa.list_(pa.struct(fields))
    return pa.list_(pa.int32() if name in _NUMBERS else pa.string())


def _disagreeing(got: str, expected: str) -> ExportError:
    return ExportError(
        "the files of the dataset do not agree on their columns",
        got=got,
        expected=expected,
        remedy="export to .jsonl, or start a new run",
    )
