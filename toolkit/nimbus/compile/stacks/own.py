"""Heads with a transformer of their own: what nlp.replace_listeners leaves.

The transformer lies among the head's layers and in the head's `model` file. In a bundle it becomes
a component before the head, whose output only that head reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import srsly

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.stacks import spacy_curated_transformers as curated
from nimbus.compile.stacks import spacy_transformers as hugging_face
from nimbus.compile.stacks.parts import OwnLayer, SavedTransformer, TransformerParts
from nimbus.compile.weights.thinc_bytes import in_words
from nimbus_runtime.contract.bundle import Precision

_HUGGING_FACE = tuple(f"{hugging_face.LIBRARY}.Tok2VecTransformer.v{version}" for version in (1, 2, 3))
_KEEPING = ("_encoder", "_transformer_layer_listener")  # layers that keep what only the original reads
_ADAPTED = tuple(f"{curated.LIBRARY}.{name}SentencepieceEncoder.v1" for name in ("Xlmr", "Camembert"))


@dataclass(frozen=True, slots=True)
class OwnTransformer:
    """A head's own transformer, and the layer that stands in its place."""

    saved: SavedTransformer
    layer: OwnLayer

    def parts(self, precision: Precision) -> TransformerParts:
        """Read the weights and write the graph."""
        return replace(self.saved.parts(precision), own=self.layer)


def read_own(component: Mapping[str, Any], folder: Path) -> OwnTransformer | None:
    """Look at the transformer among a head's layers; None for a head that has none."""
    found = list(_transformers(component, ()))
    if not found:
        return None
    if len(found) > 1:
        raise CompileRefusedError(
            "it has several transformers among its layers",
            got=", ".join(".".join(place) for place, _ in found),
            expected="one",
            remedy="train the component with one transformer, or with a listener",
        )
    place, settings = found[0]
    if settings["@architectures"] in _HUGGING_FACE:
        newest = f"{hugging_face.LIBRARY}.TransformerModel.v3"
        model = {**settings, "@architectures": newest}
        layer = OwnLayer(place, hugging_face.LIBRARY, settings["pooling"])
        return OwnTransformer(hugging_face.read({"factory": hugging_face.FACTORY, "model": model}, folder), layer)
    listener = settings["wrapped_listener"]
    if not isinstance(listener, Mapping) or listener.get("@architectures") not in curated.LISTENERS:
        raise CompileRefusedError(
            "its own transformer gives it more than the last layer",
            got=str(listener.get("@architectures") if isinstance(listener, Mapping) else listener),
            expected=" or ".join(curated.LISTENERS),
            remedy="train the component with a listener to the last layer",
        )
    encoder = settings.get("piece_encoder")
    adapted = isinstance(encoder, Mapping) and encoder.get("@architectures") in _ADAPTED
    tree = f"{curated.LIBRARY}, adapted" if adapted else curated.LIBRARY
    saved = curated.read({"factory": curated.FACTORY, "model": settings}, folder)
    return OwnTransformer(saved, OwnLayer(place, tree, listener["pooling"]))


def _transformers(settings: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:  # noqa: ANN401
    if not isinstance(settings, Mapping):
        return
    name = str(settings.get("@architectures"))
    wrapped = name.startswith(f"{curated.LIBRARY}.") and settings.get("wrapped_listener") is not None
    if name in _HUGGING_FACE or wrapped:
        yield place, settings
        return
    for key, inner in settings.items():
        yield from _transformers(inner, (*place, key))


def exchanged(component: Mapping[str, Any], layer: OwnLayer, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a head's settings with other ones in the place of its transformer's."""

    def within(value: Mapping[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
        return {**value, place[0]: within(value[place[0]], place[1:])} if place else dict(settings)

    return within(component, layer.place)


def without_transformer(place: Path) -> bytes:
    """Return a head's saved layers without what the transformer among them holds: weights and vocabulary."""
    with in_words(place):
        saved = srsly.msgpack_loads(place.read_bytes())
        for number, shims in enumerate(saved["shims"]):
            if shims:
                saved["shims"][number] = []
        for node, attributes in zip(saved["nodes"], saved["attrs"], strict=True):
            if node["name"].endswith(_KEEPING):
                attributes.clear()
        written: bytes = srsly.msgpack_dumps(saved)
        return written
