"""Inputs for these tests."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

WORDS = """
Anna Berlin order refund late early delivery market Paris Tom paid broken thanks please price city the a of in and was
""".split()
SCORED = "Anna paid the order in Berlin ."


def write(path: Path, records: Sequence[dict[str, object] | bytes]) -> Path:
    """Write JSON lines; bytes are lines as they are."""
    lines = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def many(folder: Path, files: int, documents: int, words: int = 40, seed: int = 5) -> Path:
    """Write files of documents, of which some cannot be read, and an id in fifty comes twice."""
    rng = random.Random(seed)
    for number in range(files):
        records: list[dict[str, object] | bytes] = [
            {"id": f"{number}-{i - (i % 50 == 49)}", "text": " ".join(rng.choices(WORDS, k=words))}
            for i in range(documents)
        ]
        records[documents // 2] = {"id": f"{number}-broken", "text": None}
        records[documents // 3] = b"{"
        write(folder / f"{number:02d}.jsonl", records)
    return folder
