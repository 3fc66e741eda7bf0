"""A bundle predicts what the original predicts: spacy-curated-transformers, random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_curated_transformers", reason="the original stack is not installed: make oracle")

import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import curated, documents, originals
from .comparing import assert_same, compiled

pytestmark = pytest.mark.oracle

WINDOW, STRIDE = 12, 9


@pytest.fixture(scope="module", params=curated.CURATED)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[spacy.Language, spacy.Language]:
    """Return an original with every head, and its bundle."""
    folder = tmp_path_factory.mktemp("curated")
    original = originals.assembled(curated.CURATED[request.param].trunk(folder / "pieces", WINDOW, STRIDE))
    return original, compiled(original, folder)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(list(documents.SCRIPTS), id="scripts"),
        pytest.param(list(documents.STRANGE), id="strange"),
        pytest.param(documents.boundaries(WINDOW, STRIDE), id="window boundaries"),
        pytest.param(documents.oversize(40), id="long words"),
    ],
)
def test_every_annotation_is_the_originals(pair: tuple[spacy.Language, spacy.Language], texts: list[str]) -> None:
    """Vectors agree to 1e-4 and annotations exactly, whatever the text."""
    assert_same(*pair, texts)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=5))
def test_any_text_is_annotated_as_by_the_original(
    pair: tuple[spacy.Language, spacy.Language], texts: list[str]
) -> None:
    """No text that can be generated tells the bundle from the original."""
    assert_same(*pair, ["late", *texts])


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
