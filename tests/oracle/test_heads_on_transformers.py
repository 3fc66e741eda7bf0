"""A bundle's heads say on a transformer what the original's say: every kind of them, random weights throughout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_transformers", reason="the original stack is not installed: make oracle")

import spacy
from spacy.language import Language

from nimbus import assembly
from tests.toolkit.compile import heads

from . import originals

pytestmark = pytest.mark.oracle

LISTENER: heads.Json = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "*",
    "pooling": {"@layers": "reduce_mean.v1"},
}


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the component of a random BERT, which heads listen to."""
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(originals.save_bert(tmp_path_factory.mktemp("bert"))),
        "tokenizer_config": {"use_fast": True},
        "get_spans": originals.strided(12, 9),
    }
    return {"transformer": {"factory": "transformer", "model": model}}


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
    name: str, transformer: dict[str, Any], tmp_path: Path
) -> None:
    """Every head that reads vectors reads a transformer's."""
    assert_kept(heads.build(heads.HEADS[name], LISTENER, transformer), tmp_path)


@pytest.mark.parametrize("name", ["ner", "textcat, TextCatEnsemble.v2", "parser"])
def test_a_head_with_a_cnn_beside_a_transformer_annotates_as_the_original(
    name: str, transformer: dict[str, Any], tmp_path: Path
) -> None:
    """One head listens to the transformer, another has vectors of its own."""
    components = heads.HEADS["tagger"].with_vectors(LISTENER) | heads.HEADS[name].with_vectors(heads.CNN)
    head = heads.Head(components, ("tags", *heads.HEADS[name].gives))
    assert_kept(heads.build(head, {}, transformer), tmp_path)


def test_a_shared_cnn_beside_a_transformer_annotates_as_the_original(
    transformer: dict[str, Any], tmp_path: Path
) -> None:
    """Two shared encoders, of two kinds, have heads of their own."""
    components = heads.HEADS["tagger"].with_vectors(LISTENER) | heads.HEADS["ner"].with_vectors(heads.LISTENER)
    head = heads.Head(components, ("tags", "ents"))
    assert_kept(heads.build(head, {}, {**transformer, **heads.shared(heads.CNN)}), tmp_path)
