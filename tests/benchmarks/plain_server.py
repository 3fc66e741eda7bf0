"""The server that people write by hand: FastAPI around spaCy, one text after the other, the same answer.

    python -m tests.benchmarks.plain_server PIPELINE PORT

One thread, and requests in the order in which they come: a pool of threads only slows this down on one processor.
"""

from __future__ import annotations

import os
import sys
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import spacy  # noqa: E402 - after the number of threads is fixed
import uvicorn  # noqa: E402 - as above
from fastapi import FastAPI  # noqa: E402 - as above
from pydantic import BaseModel  # noqa: E402 - as above


class Request(BaseModel):
    """One text."""

    text: str


def make(path: str) -> FastAPI:
    """Return the application, its pipeline warm."""
    nlp = spacy.load(path)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    for words in (4, 16, 64, 200):
        nlp("Nimbus " * words)
    app = FastAPI()

    @app.post("/v1/predict")
    async def predict(request: Request) -> dict[str, Any]:
        doc = nlp(request.text)
        return {
            "ents": [{"start": e.start_char, "end": e.end_char, "label": e.label_} for e in doc.ents],
            "cats": doc.cats,
            "token_starts": [token.idx for token in doc],
            "token_ends": [token.idx + len(token) for token in doc],
            "tags": [token.tag_ for token in doc],
        }

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


if __name__ == "__main__":
    quiet = {"log_level": "error", "access_log": False}
    uvicorn.run(make(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), timeout_keep_alive=75, **quiet)
