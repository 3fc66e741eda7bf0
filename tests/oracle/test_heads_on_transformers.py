"""A bundle's heads say on a transformer what the original's say: every kind of them, random weights throughout."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_transformers", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_curated_transformers", reason="the original stack is not installed: make oracle")

import spacy
from spacy.language import Language

from nimbus import assembly
from tests.toolkit.compile import heads

from . import curated, families, originals

pytestmark = pytest.mark.oracle

WINDOW, STRIDE = 12, 9


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> originals.Trunk:
    """Return a random BERT of spacy-transformers, which heads listen to."""
    encoder = families.FAMILIES["BERT"].save(tmp_path_factory.mktemp("bert"))
    return originals.hugging_face(encoder, originals.strided(WINDOW, STRIDE))


def built(components: dict[str, heads.Json], gives: tuple[str, ...], trunk: originals.Trunk) -> Language:
    """Return a pipeline of a transformer and components after it."""
    head = heads.Head(components, gives)
    return heads.build(head, {}, {"transformer": trunk.transformer}, prepare=trunk.prepare)


def assert_kept(nlp: Language, folder: Path) -> None:
    """Compile a pipeline and compare every annotation of every text."""
    nlp.to_disk(folder / "pipeline")
    assembly.compile_pipeline(str(folder / "pipeline"), folder / "bundle")
    bundle = spacy.load(folder / "bundle")
    heads.assert_same(heads.annotated(bundle), heads.annotated(nlp))


# Rules, and classifiers by words alone, hear no transformer.
LISTENING = [name for name, head in heads.HEADS.items() if head.listens]


@pytest.mark.parametrize("name", LISTENING)
def test_a_head_that_listens_to_a_transformer_annotates_as_the_original(
    name: str, trunk: originals.Trunk, tmp_path: Path
) -> None:
    """Every head that reads vectors reads a transformer's."""
    nlp = heads.build(heads.HEADS[name], trunk.listener, {"transformer": trunk.transformer}, prepare=trunk.prepare)
    assert_kept(nlp, tmp_path)


@pytest.mark.parametrize("name", ["several heads", "spancat, spans of a span_finder"])
def test_heads_listen_to_a_curated_transformer_too(name: str, tmp_path: Path) -> None:
    """Heads are the same on the other stack; how it gives vectors is tested where the stacks are."""
    trunk = curated.CURATED["RoBERTa, byte-level BPE"].trunk(
        tmp_path / "encoder", WINDOW, STRIDE, component="transformer"
    )
    head = heads.HEADS[name]
    assert_kept(built(head.with_vectors(trunk.listener), head.gives, trunk), tmp_path)


@pytest.mark.parametrize("name", ["ner", "textcat, TextCatEnsemble.v2", "parser"])
def test_a_head_with_a_cnn_beside_a_transformer_annotates_as_the_original(
    name: str, trunk: originals.Trunk, tmp_path: Path
) -> None:
    """One head listens to the transformer, another has vectors of its own."""
    components = heads.HEADS["tagger"].with_vectors(trunk.listener) | heads.HEADS[name].with_vectors(heads.CNN)
    assert_kept(built(components, ("tags", *heads.HEADS[name].gives), trunk), tmp_path)


def test_a_shared_cnn_beside_a_transformer_annotates_as_the_original(trunk: originals.Trunk, tmp_path: Path) -> None:
    """Two shared encoders, of two kinds, have heads of their own."""
    listening = heads.HEADS["tagger"].with_vectors(trunk.listener) | heads.HEADS["ner"].with_vectors(heads.LISTENER)
    assert_kept(built(heads.shared(heads.CNN) | listening, ("tags", "ents"), trunk), tmp_path)
