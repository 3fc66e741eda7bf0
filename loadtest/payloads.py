"""What is sent: texts of the user's own, or made up with the lengths that the user's have."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

_WORDS = """
the a of and to in that it was for on with order parcel refund invoice delivery address customer late broken
please thanks would never always again price account number street city week month colour screen battery button
replaced returned ordered paid waited called answered Anna Berlin Paris London Miller Smith Rossi Monday Tuesday
twelve forty unhappy satisfied quick slow careful very quite about between under over while because although
""".split()
_LONGEST = 60  # times the median: the tail of a log-normal has no end
_KEPT = 20_000
_OTHERS = (".csv", ".tsv", ".parquet", ".pq", ".spacy", ".gz", ".zst")
_OBJECTS = (".jsonl", ".ndjson")


def read(path: str, field: str) -> list[str]:
    """Return the texts of a file: JSON lines with a field, or a text a line."""
    if path.lower().endswith(_OTHERS):
        raise SystemExit(f"{path} is neither JSON lines nor a text a line; nimbus loadtest reads other formats")
    objects = path.lower().endswith(_OBJECTS)
    texts: list[str] = []
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            if len(texts) == _KEPT:
                break
            stripped = line.strip()
            if not stripped:
                continue
            texts.append(_field(stripped, field, path) if objects or stripped.startswith("{") else stripped)
    if not texts:
        raise SystemExit(f"{path} holds no texts")
    return texts


def _field(line: str, field: str, path: str) -> str:
    try:
        value = json.loads(line)[field]
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"a line of {path} is not JSON with a field {field!r}") from None
    if not isinstance(value, str):
        raise SystemExit(f"the field {field!r} of {path} is not text")
    return value


def made_up(median: int, spread: float, seed: int) -> Iterator[str]:
    """Yield texts without end: their words are log-normal about a median, as mails and reviews are."""
    chance = random.Random(seed)
    while True:
        count = max(1, min(median * _LONGEST, round(median * chance.lognormvariate(0.0, spread))))
        words = chance.choices(_WORDS, k=count)
        yield " ".join(words).capitalize() + "."


class Payloads:
    """Bodies of requests, one after the other."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        texts: Sequence[str] | None,
        median: int,
        spread: float,
        count: int,
        seed: int,
        annotations: Sequence[str] = (),
    ) -> None:
        """Take texts in a shuffled order again and again, or make some up; `count` go into a request."""
        self._count = count
        self._wanted: dict[str, object] = {"annotations": list(annotations)} if annotations else {}
        if texts is None:
            self._texts = made_up(median, spread, seed)
        else:
            self._texts = _shuffled(texts, seed)

    def next(self) -> tuple[bytes, int]:
        """Return a body, and how many texts it holds."""
        texts = [next(self._texts) for _ in range(self._count)]
        body: dict[str, object] = {"text": texts[0]} if self._count == 1 else {"texts": texts}
        return json.dumps(body | self._wanted).encode(), len(texts)


def _shuffled(texts: Sequence[str], seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    while True:
        yield from chance.sample(texts, len(texts))
