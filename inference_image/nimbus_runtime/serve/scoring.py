"""A worker process of a server: opens a bundle, warms up, then scores the batches that it is handed.

A batch is one JSON line on standard input. The answer is one JSON line on what was standard output,
then the documents it announces, as the JSON that goes into the response.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nimbus_runtime import warned
from nimbus_runtime.bundle import load, verify
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.documents import Document, Reason
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.pipeline import Failure, annotate

if TYPE_CHECKING:
    from spacy.language import Language

    from nimbus_runtime.contract.bundle import Manifest

_PR_SET_PDEATHSIG = 1
_WARM_UP = (1, 4, 8, 16, 32, 64, 200)  # words: each length of a sequence has its own first time
_LEFT_OUT = ("id", "metadata", "bundle_digest")  # of a row: the request knows them, the response says them once


def main(bundle_path: str) -> None:
    """Serve until standard input ends; its first line names the matrix product."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    warned.once_each()
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # thinc imports it wherever it is
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a component prints is no answer
    try:
        from nimbus_runtime.components.gemm import use_gemm  # noqa: PLC0415 - imports spaCy

        bundle = verify(Path(bundle_path))
        nlp = load(bundle)
        scoring = Scoring(nlp, bundle.manifest, bundle.digest)
        use_gemm(nlp, json.loads(sys.stdin.buffer.readline())["gemm"])
        scoring.warm_up()
    except NimbusError as error:
        _send(answers, {"error": error.to_json()})
        return
    _send(answers, {"ready": bundle.digest})
    for line in sys.stdin.buffer:
        header, documents = scoring.score(json.loads(line))
        _send(answers, header, documents)


def _send(answers: IO[bytes], header: dict[str, Any], documents: list[bytes] | None = None) -> None:
    answers.write(json.dumps(header).encode() + b"\n" + b"".join(documents or ()))
    answers.flush()


class Scoring:
    """A pipeline and the formats of its answers."""

    def __init__(self, nlp: Language, manifest: Manifest, digest: str) -> None:
        """Keep the pipeline open."""
        from nimbus_runtime.rows import RowFormat  # noqa: PLC0415 - imports spaCy

        self._nlp = nlp
        self._cats, self._digest = manifest.cats, digest
        self._offered = manifest.annotations
        self._format = RowFormat
        self._formats: dict[tuple[str, ...], RowFormat] = {}

    def warm_up(self) -> None:
        """Score made-up texts of several lengths, so that the first request is as fast as the next."""
        texts = ["Nimbus " * words for words in _WARM_UP for _ in range(2)]
        with self._nlp.memory_zone():
            for document in self._documents(texts, [list(self._offered)] * len(texts)):
                del document

    def score(self, batch: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the answer to a batch: sizes and failures, and the documents."""
        started, cpu = time.perf_counter(), time.process_time()
        self._tokens = 0
        with self._nlp.memory_zone():
            told = list(self._documents(batch["texts"], batch["annotations"]))
        documents = [each if isinstance(each, bytes) else b"" for each in told]
        header = {
            "sizes": [len(document) for document in documents],
            "failures": [None if isinstance(each, bytes) else each for each in told],
            "tokens": self._tokens,
            "seconds": round(time.perf_counter() - started, 6),
            "cpu": round(time.process_time() - cpu, 6),
        }
        return header, documents

    def _documents(self, texts: list[str], annotations: list[list[str]]) -> Iterator[bytes | tuple[str, str]]:
        self._tokens = 0
        for text, wanted, doc in zip(texts, annotations, annotate(self._nlp, texts), strict=True):
            if isinstance(doc, Failure):
                yield Reason.COMPONENT_ERROR.value, doc.detail
                continue
            self._tokens += len(doc)
            row = self._row_format(tuple(wanted)).row(Document("", text, None, 0), doc)
            if isinstance(row, Exception):
                yield Reason.UNLISTED_LABEL.value, str(row)
                continue
            yield _json({name: value for name, value in row.items() if name not in _LEFT_OUT})

    def _row_format(self, wanted: tuple[str, ...]) -> Any:  # noqa: ANN401 - a RowFormat, which imports spaCy
        if wanted not in self._formats:
            self._formats[wanted] = self._format(tuple(map(Annotation, wanted)), self._cats, self._digest)
        return self._formats[wanted]


def _json(values: dict[str, Any]) -> bytes:
    from nimbus_runtime.rows import plain  # noqa: PLC0415 - imports spaCy

    return json.dumps(plain(values), ensure_ascii=False, separators=(",", ":")).encode()
