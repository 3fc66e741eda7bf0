"""A window: a bounded sample of the monitoring features of one or several runs, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nimbus_runtime import monitoring, tables
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import DriftError

if TYPE_CHECKING:
    import pyarrow as pa

    from nimbus_runtime.contract.records import DataFile, Run
    from nimbus_runtime.store import Store

DOCUMENTS, VECTORS = 50_000, 2_000  # of a window at most
_FILES = 200  # of a run that are read at most
_NUMBERS = ("characters", "tokens", "pieces", "unknown_rate", "top_probability", "entropy")

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Window:
    """Features by name, in the order of `ids`. Numbers are NaN and categories None where there is no value.

    `documents` and `quarantined` count everything that the window stands for, not only what was sampled.
    """

    documents: int
    quarantined: int
    ids: Strings
    numbers: dict[str, Floats]
    categories: Strings
    labels: dict[str, npt.NDArray[np.bool_]]
    vectors: Floats  # (vectors, dimensions)
    vector_rows: npt.NDArray[np.intp]
    fields: dict[str, npt.NDArray[np.bool_]]  # by `type name`
    has_fields: npt.NDArray[np.bool_]  # which records' fields are known, be they none


def sample(store: Store, run: Run, limit: int = DOCUMENTS) -> pa.Table:
    """Return the features of at most `limit` documents of a run, the same ones each time.

    Every document is as likely as any other, whatever the size of its file. Documents with a vector come first: who
    has one was decided by a hash of the id alone.
    """
    import pyarrow as pa  # noqa: PLC0415 - only where features are read

    wanted = [file for file in sorted(run.features, key=lambda file: file.file) if file.rows]
    if not wanted:
        raise DriftError(
            "this run has no monitoring features",
            where=f"run {run.run}",
            expected="features of scored documents beside its rows",
            remedy="choose a run that scored documents with this version of Nimbus",
        )
    return pa.concat_tables(
        [
            _choose(_read(store, paths.data(run.run, file.file)), quota, -(-VECTORS * quota // limit), file)
            for file, quota in _quotas(wanted, limit)
        ]
    )


def nothing() -> pa.Table:
    """Return the features of no documents: of runs that scored none."""
    return monitoring.schema().empty_table()


def read_sample(store: Store, file: DataFile) -> pa.Table:
    """Return a part of a baseline."""
    return _read(store, paths.baseline_data(file.file))


def window(tables: Sequence[pa.Table], documents: int, quarantined: int) -> Window:
    """Return sampled features as arrays."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    table = pa.concat_tables(tables).combine_chunks()
    numbers = {name: _floats(table[name]) for name in _NUMBERS}
    with np.errstate(divide="ignore", invalid="ignore"):
        numbers["characters_per_token"] = _finite(numbers["characters"] / numbers["tokens"])
    entities, labels = _entities(table["entity_counts"].combine_chunks(), table.num_rows)
    vectors, rows = _vectors(table["vector"].combine_chunks())
    shapes = table["fields"].combine_chunks()
    return Window(
        documents=documents,
        quarantined=quarantined,
        ids=np.array(table["id"].to_pylist(), dtype=object),
        numbers=numbers | {"entities": entities},
        categories=np.array(table["top_category"].to_pylist(), dtype=object),
        labels=labels,
        vectors=vectors,
        vector_rows=rows,
        fields=_having(shapes.values, shapes.offsets.to_numpy(), table.num_rows),
        has_fields=shapes.is_valid().to_numpy(zero_copy_only=False),
    )


def _read(store: Store, name: str) -> pa.Table:
    """Return a file's columns; those that an older version did not write are empty."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    schema = monitoring.schema()
    try:
        with store.opened(name) as file:
            table = tables.read(file)
        columns = [
            table[field.name].cast(field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in schema
        ]
        return pa.table(columns, schema=pa.schema([field.with_nullable(True) for field in schema]))  # noqa: FBT003 - pyarrow's own
    except (OSError, pa.ArrowException) as error:
        raise DriftError(
            "monitoring features cannot be read",
            where=f"{store.location}/{name}",
            got=type(error).__name__,
            expected="a Parquet file of this version's columns",
            remedy="restore the file from a backup, or choose another run",
        ) from None


def _quotas(files: Sequence[DataFile], limit: int) -> list[tuple[DataFile, int]]:
    """Return which files to read, and how many documents of each.

    Of many files some are chosen, as often as they are large: at equal steps through all rows, in an order by content.
    A file smaller than what one choice takes counts as so large, for it gives less when it is chosen.
    """
    rows = np.array([file.rows for file in files], dtype=np.float64)
    if len(files) <= _FILES:
        shares = rows * min(1.0, limit / rows.sum())
        quotas = np.floor(shares).astype(int)
        missing = round(shares.sum()) - quotas.sum()
        quotas[np.argsort(quotas - shares, kind="stable")[:missing]] += 1
    else:
        each = limit / _FILES
        ends = np.cumsum(np.maximum(rows, each))
        chosen = np.searchsorted(ends, (np.arange(_FILES) + 0.5) * ends[-1] / _FILES, side="right")
        taken = np.bincount(chosen, minlength=len(files))
        quotas = np.minimum(rows, np.floor(each * np.cumsum(taken)) - np.floor(each * (np.cumsum(taken) - taken)))
    return [(file, int(quota)) for file, quota in zip(files, quotas, strict=True) if quota]


def _choose(table: pa.Table, documents: int, vectors: int, file: DataFile) -> pa.Table:
    if table.num_rows <= documents:
        return table
    order = np.random.default_rng(int(file.file[:16], 16)).permutation(table.num_rows)
    has_vector = table["vector"].combine_chunks().is_valid().to_numpy(zero_copy_only=False)[order]
    first = np.concatenate([order[has_vector][:vectors], order[~has_vector], order[has_vector][vectors:]])
    return table.take(np.sort(first[:documents]))


def _floats(column: pa.ChunkedArray) -> Floats:
    return _finite(column.cast("float64").to_numpy())


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _entities(counts: Any, rows: int) -> tuple[Floats, dict[str, npt.NDArray[np.bool_]]]:  # noqa: ANN401 - pyarrow's MapArray
    """Return how many entities each document has, and by label whether it has any of it."""
    offsets = counts.offsets.to_numpy()
    row_of = np.repeat(np.arange(rows), np.diff(offsets))
    numbers = counts.items[offsets[0] : offsets[-1]].to_numpy(zero_copy_only=False)
    return np.bincount(row_of, numbers, minlength=rows).astype(np.float64), _having(counts.keys, offsets, rows)


def _having(values: Any, offsets: npt.NDArray[np.int_], rows: int) -> dict[str, npt.NDArray[np.bool_]]:  # noqa: ANN401 - pyarrow's StringArray
    """Return by name which rows have it in their lists, which begin at these offsets."""
    row_of = np.repeat(np.arange(rows), np.diff(offsets))
    names = values[offsets[0] : offsets[-1]].dictionary_encode()
    codes = names.indices.to_numpy()
    found = {}
    for code, name in enumerate(names.dictionary.to_pylist()):
        found[name] = np.zeros(rows, dtype=bool)
        found[name][row_of[codes == code]] = True
    return found


def _vectors(column: Any) -> tuple[Floats, npt.NDArray[np.intp]]:  # noqa: ANN401 - pyarrow's ListArray
    rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    lengths = column.value_lengths().drop_null().to_numpy()
    if not len(rows) or len(set(lengths.tolist())) != 1:
        return np.zeros((0, 0)), np.zeros(0, dtype=np.intp)
    vectors = column.drop_null().flatten().to_numpy(zero_copy_only=False).reshape(len(rows), -1).astype(np.float64)
    whole = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    if len(whole) > VECTORS:  # some of every run
        whole = whole[np.linspace(0, len(whole) - 1, VECTORS).astype(np.intp)]
    return vectors[whole], rows[whole]
