"""Times `nlp.pipe` of one pipeline over one file of texts, on one thread, in a process of its own.

    python -m nimbus.demo.timing PIPELINE|BUNDLE TEXTS

Prints one JSON object: documents, CPU seconds, and a hash of each document's annotations, so that two
pipelines can be compared in speed and in what they say.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ENVIRONMENT = {**dict.fromkeys(_THREADS, "1"), "TOKENIZERS_PARALLELISM": "false", "PYTHONWARNINGS": "ignore"}


def original_stack_installed() -> bool:
    """Say whether the original of a transformer pipeline can be opened here."""
    return find_spec("torch") is not None and find_spec("spacy_transformers") is not None


def main(pipeline: str, texts: str) -> None:
    """Open, warm up, time, print."""
    import spacy  # noqa: PLC0415 - after the number of threads is fixed

    nlp = spacy.load(pipeline)
    lines = Path(texts).read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line)["text"] for line in lines]
    list(nlp.pipe(documents[:20]))
    started = time.process_time()
    docs = list(nlp.pipe(documents))
    seconds = time.process_time() - started
    print(json.dumps({"documents": len(docs), "seconds": seconds, "hashes": [_hash(doc) for doc in docs]}))  # noqa: T201


def _hash(doc: Any) -> str:  # noqa: ANN401 - a spaCy Doc, whose import must wait
    said = (
        [(e.start_char, e.end_char, e.label_) for e in doc.ents],
        [t.tag_ for t in doc],
        max(doc.cats, key=doc.cats.get) if doc.cats else None,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    main(*sys.argv[1:3])
