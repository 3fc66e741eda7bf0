"""A bundle predicts what the original predicts: spacy-transformers with a BERT, random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_transformers", reason="the original stack is not installed: make oracle")

import spacy

from nimbus_runtime.contract.bundle import Precision

from . import documents, families, originals
from .comparing import TOLERANCE, assert_same, compiled, vectors

pytestmark = pytest.mark.oracle

WINDOW, STRIDE = 12, 9


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random BERT."""
    return families.FAMILIES["BERT"].save(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def pair(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[spacy.Language, spacy.Language]:
    """Return an original with every head, and its bundle."""
    original = originals.pipeline(bert, originals.strided(WINDOW, STRIDE))
    return original, compiled(original, tmp_path_factory.mktemp("pair"))


@pytest.mark.parametrize("pooling", originals.POOLINGS)
def test_every_pooling_is_the_originals(bert: Path, tmp_path: Path, pooling: str) -> None:
    """A head's pooling layer is kept, for tokens of one piece and of many."""
    original = originals.pipeline(bert, originals.strided(WINDOW, STRIDE), ["tagger"], pooling)
    texts = ["The unbelievable order was late .", *documents.boundaries(WINDOW, STRIDE), documents.SCRIPTS[0]]
    assert_same(original, compiled(original, tmp_path), texts)


@pytest.mark.parametrize("name", ["doc_spans", "sent_spans"])
def test_every_span_getter_is_the_originals(bert: Path, tmp_path: Path, name: str) -> None:
    """Whole documents and sentences make windows too."""
    spans = {"@span_getters": f"spacy-transformers.{name}.v1"}
    original = originals.pipeline(bert, spans, ["tagger", "ner"], before=["sentencizer"])
    assert_same(original, compiled(original, tmp_path), ["The order was late. They talked. Thanks!", "walk " * 30])


@pytest.mark.parametrize(
    ("lowercase", "accents"), [(True, None), (True, False), (True, True), (False, None), (False, True)]
)
def test_every_wordpiece_setting_is_the_originals(
    tmp_path: Path,
    lowercase: bool,
    accents: bool | None,
) -> None:
    """Cased or lower-cased, with or without accents."""
    bert = families.FAMILIES["BERT"].save(tmp_path / "bert", {"do_lower_case": lowercase, "strip_accents": accents})
    original = originals.pipeline(bert, originals.strided(WINDOW, STRIDE), ["tagger", "ner"])
    texts = ["Ünbelievable Café in ÅRHUS, Straße ĞÜNEY", *documents.SCRIPTS, *documents.STRANGE]
    assert_same(original, compiled(original, tmp_path), texts)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu", "silu"])
def test_every_activation_is_the_originals(tmp_path: Path, activation: str) -> None:
    """The activation that the configuration names is the one that runs."""
    bert = families.FAMILIES["BERT"].save(tmp_path / "bert", hidden_act=activation)
    original = originals.pipeline(bert, originals.strided(WINDOW, STRIDE), ["tagger", "ner"])
    assert_same(original, compiled(original, tmp_path), list(documents.SCRIPTS))


def test_a_document_does_not_depend_on_its_neighbours(pair: tuple[spacy.Language, spacy.Language]) -> None:
    """A text's vectors are the same to the last bit alone and in any company."""
    _, bundle = pair
    texts = [
        *documents.SCRIPTS,
        *documents.boundaries(WINDOW, STRIDE),
        "order late",
        "late order",
        "walk on",
    ] * 3
    together = vectors(bundle, list(bundle.pipe(texts, batch_size=len(texts))))
    for text, expected in zip(texts, together, strict=True):
        (alone,) = vectors(bundle, [bundle(text)])
        assert np.array_equal(alone, expected), text


@pytest.mark.parametrize("name", ["BERT", "ALBERT", "MPNet", "RoBERTa"])
def test_int8_comes_near_and_keeps_documents_apart(name: str, tmp_path: Path) -> None:
    """Row-quantized products turn no vector by much, and a text's vectors stay its own to the last bit."""
    encoder = families.FAMILIES[name].save(tmp_path / "encoder")
    original = originals.pipeline(encoder, originals.strided(WINDOW, STRIDE), ["tagger"])
    bundle = compiled(original, tmp_path, Precision.INT8)
    texts = [*documents.SCRIPTS, *documents.boundaries(WINDOW, STRIDE)]
    ours = vectors(bundle, list(bundle.pipe(texts)))
    theirs = vectors(original, list(original.pipe(texts)))
    a, b = np.concatenate(ours), np.concatenate(theirs)
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosines.mean() > 0.995
    assert not np.allclose(a, b, atol=TOLERANCE), "quantized products cannot be this near: fp32 ran instead"
    for text, expected in zip(texts, ours, strict=True):
        assert np.array_equal(vectors(bundle, [bundle(text)])[0], expected), text
