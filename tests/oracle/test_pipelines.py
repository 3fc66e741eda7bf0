"""A bundle predicts what the original predicts, however its transformers and heads are put together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_transformers", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_curated_transformers", reason="the original stack is not installed: make oracle")

import spacy

from . import curated, documents, families, originals
from .comparing import assert_same, compiled

pytestmark = pytest.mark.oracle

WINDOW, STRIDE = 12, 9
TEXTS = [*documents.SCRIPTS, *documents.STRANGE, *documents.boundaries(WINDOW, STRIDE)]

Make = Callable[..., originals.Trunk]


def _hugging_face(folder: Path, component: str = "transformer", **sizes: int) -> originals.Trunk:
    del component
    return originals.hugging_face(families.FAMILIES["BERT"].save(folder, **sizes), originals.strided(WINDOW, STRIDE))


def _curated(folder: Path, component: str = "transformer", **sizes: int) -> originals.Trunk:
    del sizes
    return curated.CURATED["RoBERTa, byte-level BPE"].trunk(folder, WINDOW, STRIDE, component=component)


STACKS = pytest.mark.parametrize(
    "make",
    [pytest.param(_hugging_face, id="spacy-transformers"), pytest.param(_curated, id="spacy-curated-transformers")],
)
_OWN_LAYERS = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
_SHARED_LAYERS = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "tok2vec"}


@STACKS
def test_heads_with_layers_of_their_own_stand_beside_a_transformer(make: Make, tmp_path: Path) -> None:
    """One head listens to the transformer, one to a shared CNN, one has a CNN of its own."""
    trunk = make(tmp_path / "encoder")
    components: dict[str, Any] = {
        "tok2vec": {"factory": "tok2vec", "model": _OWN_LAYERS},
        "transformer": trunk.transformer,
        "tagger": originals.head("tagger", trunk.listener),
        "ner": originals.head("ner", _SHARED_LAYERS),
        "morphologizer": originals.head("morphologizer", _OWN_LAYERS),
    }
    original = originals.built(components, [trunk], ["tok2vec", "tagger", "ner", "morphologizer"])
    assert_same(original, compiled(original, tmp_path), TEXTS)


@pytest.mark.parametrize(
    ("first", "second"),
    [(_hugging_face, _hugging_face), (_curated, _curated), (_hugging_face, _curated), (_curated, _hugging_face)],
)
def test_a_head_reads_the_transformer_before_it(first: Make, second: Make, tmp_path: Path) -> None:
    """Two transformers in one pipeline, of one stack or of two: each head has its own."""
    one, two = first(tmp_path / "one"), second(tmp_path / "two", component="second", num_hidden_layers=1)
    components = {
        "transformer": one.transformer,
        "tagger": originals.head("tagger", one.listener),
        "second": two.transformer,
        "ner": originals.head("ner", two.listener),
    }
    original = originals.built(components, [one, two], ["tagger", "ner"])
    bundle = compiled(original, tmp_path)
    ours, theirs = list(bundle.pipe(TEXTS)), list(original.pipe(TEXTS))
    assert originals.annotations(ours) == originals.annotations(theirs)
    assert any(doc.ents for doc in theirs)


@STACKS
def test_components_may_come_from_another_pipeline(make: Make, tmp_path: Path) -> None:
    """A pipeline that was put together with `source` has its parts' vectors."""
    origin = originals.assembled(make(tmp_path / "encoder"), ["tagger", "ner"])
    original = spacy.blank("en")
    original.add_pipe("sentencizer")
    for name in ("transformer", "tagger", "ner"):
        original.add_pipe(name, source=origin)
    assert_same(original, compiled(original, tmp_path), TEXTS)


@STACKS
def test_what_training_left_in_the_config_does_not_matter(make: Make, tmp_path: Path) -> None:
    """Frozen and annotating components, batch limits and other settings of training change no prediction."""
    trunk = make(tmp_path / "encoder")
    is_curated = make is _curated
    settings = {"frozen": True, "all_layer_outputs": True} if is_curated else {"max_batch_items": 512}
    components = {
        "transformer": {**trunk.transformer, **settings},
        "tagger": originals.head("tagger", {**trunk.listener, "grad_factor": 0.0, "upstream": "transformer"}),
        "ner": originals.head("ner", trunk.listener),
    }
    original = originals.built(components, [trunk], ["tagger", "ner"])
    original.config["training"]["frozen_components"] = ["transformer"]
    original.config["training"]["annotating_components"] = ["tagger"]
    original.config["initialize"]["before_init"] = {"@callbacks": "somebody.elses.v1"}
    assert_same(original, compiled(original, tmp_path), TEXTS)


@STACKS
def test_a_component_that_is_switched_off_stays_so(make: Make, tmp_path: Path) -> None:
    """What a pipeline has disabled is in the bundle and does not run."""
    original = originals.assembled(make(tmp_path / "encoder"), ["tagger", "ner"])
    original.disable_pipe("ner")
    bundle = compiled(original, tmp_path)
    assert bundle.disabled == ["ner"]
    assert_same(original, bundle, TEXTS)
    bundle.enable_pipe("ner")
    original.enable_pipe("ner")
    assert_same(original, bundle, TEXTS)


@STACKS
def test_a_head_may_have_a_transformer_of_its_own(make: Make, tmp_path: Path) -> None:
    """Where a listener was replaced, the head's own transformer is compiled, beside the one that others share."""
    original = originals.assembled(make(tmp_path / "encoder"), ["tagger", "ner", "parser"])
    original.replace_listeners("transformer", "ner", ["model.tok2vec"])
    for layer in original.get_pipe("transformer").model.walk():
        for shim in layer.shims:
            for parameter in shim._model.parameters():  # noqa: SLF001 - so that the shared one gives other vectors
                parameter.data *= 0.7
    bundle = compiled(original, tmp_path)
    assert bundle.pipe_names == ["transformer", "tagger", "ner_transformer", "ner", "parser"]
    assert_same(original, bundle, TEXTS)
    assert (tmp_path / "bundle" / "ner" / "model").stat().st_size < 100_000


@pytest.mark.parametrize("name", ["XLM-R, SentencePiece", "BERT, characters"])
def test_a_transformer_of_its_own_may_have_any_piece_encoder(name: str, tmp_path: Path) -> None:
    """Piece encoders of one layer and of two lie in the head's layers, too."""
    trunk = curated.CURATED[name].trunk(tmp_path / "pieces", WINDOW, STRIDE)
    original = originals.assembled(trunk, ["tagger", "ner"])
    original.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    original.replace_listeners("transformer", "ner", ["model.tok2vec"])
    original.remove_pipe("transformer")
    assert_same(original, compiled(original, tmp_path), TEXTS)
