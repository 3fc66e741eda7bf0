"""Eight small inputs, and the rows that a run made of them."""

from __future__ import annotations

import json
from pathlib import Path

from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Run
from nimbus_runtime.store import Store


def write_inputs(folder: Path) -> list[Path]:
    """Write the inputs; return their files."""
    folder.mkdir(exist_ok=True)
    files = [folder / f"{number}.jsonl" for number in range(8)]
    for number, file in enumerate(files):
        lines = [{"id": f"{number}-{i}", "text": f"Anna had a late order from Berlin {i}"} for i in range(20)]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return files


def rows(store: Store, run: str) -> list[bytes]:
    """Return the rows of a run, file by file."""
    record = codec.decode(Run, store.read(paths.dataset(run)) or b"", run)
    return [store.read(paths.data(run, file.file)) or b"" for file in record.rows]
