"""A bundle predicts what the original predicts: spacy-curated-transformers, random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_curated_transformers", reason="the original stack is not installed: make oracle")

from . import curated, documents, originals
from .comparing import assert_same, compiled

pytestmark = pytest.mark.oracle

WINDOW, STRIDE = 12, 9


@pytest.mark.parametrize(("window", "stride"), [(12, 12), (12, 6), (5, 2), (7, 3), (12, 11), (1, 1)])
def test_every_window_and_stride_is_the_originals(tmp_path: Path, window: int, stride: int) -> None:
    """Overlaps are averaged one after the other, also where three windows share a piece."""
    trunk = curated.CURATED["RoBERTa, byte-level BPE"].trunk(tmp_path / "pieces", window, stride)
    original = originals.assembled(trunk, ["tagger", "ner"])
    assert_same(original, compiled(original, tmp_path), [*documents.boundaries(window, stride), *documents.SCRIPTS])


@pytest.mark.parametrize("pooling", originals.POOLINGS)
def test_every_pooling_is_the_originals(tmp_path: Path, pooling: str) -> None:
    """A head's pooling layer is kept, for tokens of one piece and of many."""
    trunk = curated.CURATED["BERT, WordPiece after punctuation"].trunk(tmp_path / "pieces", WINDOW, STRIDE, pooling)
    original = originals.assembled(trunk, ["tagger"])
    texts = ["The unbelievable order was late .", *documents.boundaries(WINDOW, STRIDE), documents.SCRIPTS[0]]
    assert_same(original, compiled(original, tmp_path), texts)
