"""Parquet files of a root, read by the thread that asks for them.

Arrow's own threads may hold a file of Python's for a moment longer than the read lasts. Where the interpreter ends in
that moment they abort the process, after everything was done. So nothing here lets them read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa


def read(file: BinaryIO, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a whole file, or those of the named columns that it has."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, and only where rows are read again

    with pq.ParquetFile(file, pre_buffer=False) as parquet:
        return parquet.read(None if columns is None else list(columns), use_threads=False)
