"""SentencePiece's unigram model, as XLM-R, CamemBERT and ALBERT have it."""

from __future__ import annotations

from typing import Any


def normalised(tokenizer: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the tokenizer.json: everything that transformers runs stands in it."""
    del config
    return tokenizer
