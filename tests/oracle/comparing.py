"""Compares a bundle with the original that it was compiled from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy

from nimbus.compile.compile import compile_pipeline
from nimbus.compile.source import find
from nimbus_runtime.contract.bundle import Precision

from . import originals

TOLERANCE = 1e-4


def compiled(nlp: spacy.Language, folder: Path, precision: Precision = Precision.FP32) -> spacy.Language:
    """Save a pipeline, compile it, and open the bundle."""
    nlp.to_disk(folder / "original")
    with find(str(folder / "original")) as source:
        compile_pipeline(source, folder / "bundle", precision=precision)
    return spacy.load(folder / "bundle")


def vectors(nlp: spacy.Language, docs: list[spacy.tokens.Doc], head: str = "tagger") -> list[np.ndarray]:
    """Return the token vectors that a head reads of documents."""
    return nlp.get_pipe(head).model.get_ref("tok2vec").predict(docs)


def assert_same(original: spacy.Language, bundle: spacy.Language, texts: list[str], head: str = "tagger") -> None:
    """Fail unless vectors agree to 1e-4 and annotations exactly."""
    ours, theirs = list(bundle.pipe(texts)), list(original.pipe(texts))
    for text, a, b in zip(texts, vectors(bundle, ours, head), vectors(original, theirs, head), strict=True):
        assert len(a) == len(b), text
        if len(a):
            scale = max(1.0, float(np.abs(b).max()))
            np.testing.assert_allclose(a, b, atol=TOLERANCE * scale, err_msg=text)
    assert originals.annotations(ours) == originals.annotations(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.cats == pytest.approx(b.cats, abs=TOLERANCE)
