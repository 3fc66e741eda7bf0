"""Finds a document's row in a file of a dataset, wherever the root lies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from nimbus_runtime.contract.records import OutputFormat

Row = dict[str, Any]


class RowFiles:
    """Files of rows and of quarantined documents."""

    def find(self, file: BinaryIO, output_format: OutputFormat, document: str) -> list[Row]:
        """Return the rows of a document, metadata as an object; all of the file's other rows stay on the disk."""
        found = _in_parquet(file, document) if output_format is OutputFormat.PARQUET else _in_lines(file, document)
        for row in found:
            if isinstance(row.get("metadata"), str):
                row["metadata"] = json.loads(row["metadata"])
        return found

    def rows(self, file: BinaryIO) -> Iterator[Row]:
        """Yield all rows of a Parquet file, a part of it in memory at a time."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(use_threads=False):
                yield from batch.to_pylist()


def _in_lines(file: BinaryIO, document: str) -> list[Row]:
    sought = {json.dumps(document).encode(), json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")}
    near = (line for line in file if any(text in line for text in sought))
    return [row for row in map(json.loads, near) if row["id"] == document]


def _in_parquet(file: BinaryIO, document: str) -> list[Row]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    found: list[Row] = []
    with pq.ParquetFile(file) as parquet:
        for group in range(parquet.num_row_groups):
            ids = parquet.read_row_group(group, columns=["id"], use_threads=False)["id"]
            places = [i for i, same in enumerate(pc.equal(ids, document).to_pylist()) if same]
            if places:
                found += parquet.read_row_group(group, use_threads=False).take(pa.array(places)).to_pylist()
    return found
