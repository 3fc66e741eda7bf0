"""Transformers that spacy-transformers 1.1 to 1.4 saved.

`<component>/model` is msgpack of thinc's bytes: one shim holds the Hugging Face configuration, the
tokenizer's files and a state dict that torch saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nimbus.compile.architectures import check_encoder, read_encoder
from nimbus.compile.errors import CompileRefusedError, WeightsInvalidError
from nimbus.compile.stacks.parts import TransformerParts
from nimbus.compile.tokenizers import read_tokenizer
from nimbus.compile.tokenizers.parts import TokenizerParts
from nimbus.compile.weights.msgpack import unpack
from nimbus.compile.weights.thinc_bytes import in_words, read_model
from nimbus.compile.weights.torch_state import SavedState, read_state
from nimbus_runtime.contract.bundle import Precision

LIBRARY = "spacy-transformers"
FACTORY = "transformer"
LISTENERS = {f"{LIBRARY}.TransformerListener.v1": "nimbus.TransformerListener.v1"}

_ARCHITECTURES = tuple(f"{LIBRARY}.TransformerModel.v{version}" for version in (1, 2, 3))

_SPANS = {
    "spacy-transformers.strided_spans.v1": "strided",
    "spacy-transformers.doc_spans.v1": "doc",
    "spacy-transformers.sent_spans.v1": "sent",
}
_NO_EXTRA_ANNOTATIONS = "spacy-transformers.null_annotation_setter.v1"


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved transformer whose weights have the names and shapes of its configuration."""

    spans: dict[str, Any]
    config: Mapping[str, Any]
    tokenizer: TokenizerParts
    weights: SavedState

    def parts(self, precision: Precision) -> TransformerParts:
        """Read the weights and write the graph."""
        encoder = read_encoder(self.config, self.weights).parts(precision)
        longest = encoder.max_positions if self.tokenizer.max_pieces is None else self.tokenizer.max_pieces
        settings = {
            "stack": LIBRARY,
            "spans": self.spans,
            "max_pieces": min(longest, encoder.max_positions),
            "unknown_piece": self.tokenizer.unknown_piece,
            "width": encoder.width,
        }
        return TransformerParts(encoder, self.tokenizer, settings)


def read(component: Mapping[str, Any], folder: Path) -> Saved:
    """Look at the saved transformer of a component, or refuse it: what is quick to look at comes first."""
    _check_architecture(component)
    spans = _spans(component)
    _check_annotations(component)
    saved = _saved(folder)
    check_encoder(saved["config"])
    tokenizer = read_tokenizer({name: _plain(data) for name, data in saved["tokenizer"].items()})
    weights = read_state(saved["state"])
    read_encoder(saved["config"], weights.outline())
    return Saved(spans, saved["config"], tokenizer, weights)


def _check_architecture(component: Mapping[str, Any]) -> None:
    name = component["model"].get("@architectures")
    if name not in _ARCHITECTURES:
        raise CompileRefusedError(
            "the transformer is of an architecture or a version of spacy-transformers that is not supported",
            got=str(name),
            expected=" or ".join(_ARCHITECTURES),
            remedy="train the pipeline with spacy-transformers 1.1 to 1.4, or keep it on torch",
        )


def _spans(component: Mapping[str, Any]) -> dict[str, Any]:
    getter = component["model"].get("get_spans")
    name = getter.get("@span_getters") if isinstance(getter, Mapping) else None
    if name not in _SPANS:
        raise CompileRefusedError(
            "the transformer cuts documents with a custom span getter",
            got=str(name),
            expected=" or ".join(_SPANS),
            remedy="train the pipeline with one of these span getters, or keep it on torch",
        )
    strategy = _SPANS[name]
    if strategy != "strided":
        return {"strategy": strategy}
    window, stride = getter.get("window"), getter.get("stride")
    if not (isinstance(window, int) and isinstance(stride, int) and 0 < stride <= window):
        raise CompileRefusedError(
            "the transformer's windows leave tokens out",
            got=f"window {window}, stride {stride}",
            expected="a stride from 1 up to the window",
            remedy="train the pipeline with such a stride: tokens between windows get no vectors",
        )
    return {"strategy": strategy, "window": window, "stride": stride}


def _check_annotations(component: Mapping[str, Any]) -> None:
    setter = component.get("set_extra_annotations")
    name = setter.get("@annotation_setters") if isinstance(setter, Mapping) else None
    if name not in (None, _NO_EXTRA_ANNOTATIONS):
        raise CompileRefusedError(
            "the transformer sets extra annotations with a function of its own",
            got=str(name),
            expected=_NO_EXTRA_ANNOTATIONS,
            remedy="remove set_extra_annotations from the component's config, and compute them after the run",
        )


def _saved(folder: Path) -> dict[str, Any]:
    place = folder / "model"
    if place.is_dir():
        raise CompileRefusedError(
            "the transformer was saved by spacy-transformers 1.0",
            where=str(place),
            expected="the format of spacy-transformers 1.1 or later",
            remedy="load the pipeline with spacy-transformers 1.1 or later and save it again with nlp.to_disk",
        )
    model = read_model(place)
    with in_words(place):
        saved = unpack(next(shim for of_layer in model.shims for shim in of_layer))
        complete = all(isinstance(saved[key], kind) for key, kind in _SHAPE.items()) and saved["config"]
    if not complete:
        raise WeightsInvalidError(
            "the saved transformer holds no weights",
            where=str(place),
            remedy="train the pipeline, or initialise it, before it is saved",
        )
    return dict(saved)


_SHAPE: Mapping[str, type] = {"config": dict, "tokenizer": dict, "state": memoryview}


def _plain(data: object) -> object:
    return bytes(data) if isinstance(data, memoryview) else data
