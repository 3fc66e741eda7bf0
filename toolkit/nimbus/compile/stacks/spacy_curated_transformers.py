"""Transformers that spacy-curated-transformers 0.2 and 0.3 saved.

`<component>/model` is msgpack of thinc's bytes: one layer keeps the tokenizer as an attribute, one
the windows, and one has a shim with a state dict that torch saved. Sizes stand in config.cfg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nimbus.compile.architectures import check_encoder, read_encoder
from nimbus.compile.architectures.albert.weights import NAMES as ALBERT
from nimbus.compile.architectures.bert.weights import NAMES as BERT
from nimbus.compile.architectures.encoder import Array
from nimbus.compile.architectures.layout import LayerNames, Names
from nimbus.compile.errors import CompileRefusedError, WeightsInvalidError
from nimbus.compile.stacks.parts import TransformerParts
from nimbus.compile.tokenizers.words import Layers, check_words, read_words
from nimbus.compile.weights.msgpack import unpack
from nimbus.compile.weights.thinc_bytes import SavedModel, in_words, read_model
from nimbus.compile.weights.torch_state import SavedState, read_state
from nimbus_runtime.contract.bundle import Precision

LIBRARY = "spacy-curated-transformers"
FACTORY = "curated_transformer"
LISTENERS = {f"{LIBRARY}.LastTransformerLayerListener.v1": "nimbus.LastTransformerLayerListener.v1"}
ALL_LAYERS = frozenset(
    f"{LIBRARY}.{name}.v1" for name in ("TransformerLayersListener", "ScalarWeightingListener", "ScalarWeight")
)

# config.cfg's name of a setting -> Hugging Face's
_SETTINGS = {
    "embedding_width": "embedding_size",
    "hidden_act": "hidden_act",
    "hidden_width": "hidden_size",
    "intermediate_width": "intermediate_size",
    "layer_norm_eps": "layer_norm_eps",
    "max_position_embeddings": "max_position_embeddings",
    "num_attention_heads": "num_attention_heads",
    "num_hidden_groups": "num_hidden_groups",
    "num_hidden_layers": "num_hidden_layers",
    "padding_idx": "pad_token_id",
    "type_vocab_size": "type_vocab_size",
    "vocab_size": "vocab_size",
}
_DEFAULTS = {
    "hidden_act": "gelu",
    "hidden_width": 768,
    "intermediate_width": 3072,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "model_max_length": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "padding_idx": 0,
    "type_vocab_size": 2,
}
_ROBERTA_DEFAULTS = {
    **_DEFAULTS,
    "layer_norm_eps": 1e-5,
    "max_position_embeddings": 514,
    "padding_idx": 1,
    "type_vocab_size": 1,
}
_ALBERT_DEFAULTS = {**_DEFAULTS, "embedding_width": 128, "hidden_act": "gelu_new", "num_hidden_groups": 1}

_LAYER = LayerNames(
    query="mha.query",
    key="mha.key",
    value="mha.value",
    attention_out="mha.output",
    attention_norm="attn_output_layernorm",
    up="ffn.intermediate",
    down="ffn.output",
    output_norm="ffn_output_layernorm",
)
_PACKED = "mha.input."  # queries, keys and values in one
_BERT = replace(
    BERT, prefix="curated_encoder.", embedding_norm="embeddings.layer_norm", layer="layers.{}.", parts=_LAYER
)
_ROBERTA = replace(
    _BERT,
    words="embeddings.inner.word_embeddings.weight",
    positions="embeddings.inner.position_embeddings.weight",
    type_embeddings="embeddings.inner.token_type_embeddings.weight",
    embedding_norm="embeddings.inner.layer_norm",
)
_ALBERT = replace(
    ALBERT,
    prefix="curated_encoder.",
    embedding_norm="embeddings.layer_norm",
    projection="embeddings.projection",
    layer="groups.{}.group_layers.{}.",
    parts=_LAYER,
)

# The transformer's architecture -> its family, its settings' defaults, the names of its weights
_FAMILIES: dict[str, tuple[str, Mapping[str, Any], Names]] = {
    f"{LIBRARY}.AlbertTransformer.v1": ("albert", _ALBERT_DEFAULTS, _ALBERT),
    f"{LIBRARY}.BertTransformer.v1": ("bert", _DEFAULTS, _BERT),
    f"{LIBRARY}.CamembertTransformer.v1": ("camembert", _ROBERTA_DEFAULTS, _ROBERTA),
    f"{LIBRARY}.RobertaTransformer.v1": ("roberta", _ROBERTA_DEFAULTS, _ROBERTA),
    f"{LIBRARY}.XlmrTransformer.v1": ("xlm-roberta", _ROBERTA_DEFAULTS, _ROBERTA),
}
_WINDOWS = f"{LIBRARY}.WithStridedSpans.v1"


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved transformer whose weights have the names and shapes of its settings."""

    config: Mapping[str, Any]
    names: Names
    piece_encoder: str
    layers: Layers
    weights: SavedState
    settings: Mapping[str, Any]
    longest: int

    def parts(self, precision: Precision) -> TransformerParts:
        """Read the weights and write the graph."""
        encoder = read_encoder(self.config, _unpacked(self.weights), self.names).parts(precision)
        tokenizer, pieces = read_words(self.piece_encoder, self.layers)
        longest = min(self.longest, encoder.max_positions)
        return TransformerParts(encoder, tokenizer, {**self.settings, "max_pieces": longest, "tokenizer": pieces})


def read(component: Mapping[str, Any], folder: Path) -> Saved:
    """Look at the saved transformer of a component, or refuse it: what is quick to look at comes first."""
    model = component["model"]
    family, defaults, names = _family(model)
    settings = {**defaults, **model}
    config = {"model_type": family, **{own: settings[key] for key, own in _SETTINGS.items() if key in settings}}
    check_encoder(config)
    place = folder / "model"
    saved = read_model(place)
    window, stride = _windows(model, saved, place)
    piece_encoder, layers = _named(model.get("piece_encoder"), "architectures"), _by_name(saved)
    check_words(piece_encoder, layers)
    weights = read_state(_state(saved, place))
    read_encoder(config, _unpacked(weights.outline()), names)
    return Saved(
        config,
        names,
        piece_encoder,
        layers,
        weights,
        {
            "stack": LIBRARY,
            "window": window,
            "stride": stride,
            "padding": int(settings["padding_idx"]),
        },
        longest=int(settings["model_max_length"]),
    )


def _family(model: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], Names]:
    name = _named(model, "architectures")
    if name not in _FAMILIES:
        raise CompileRefusedError(
            "the transformer is of an architecture or a version of spacy-curated-transformers that is not supported",
            got=name,
            expected=f"spacy-curated-transformers 0.2 or 0.3: {', '.join(_FAMILIES)}",
            remedy="train the pipeline with spaCy 3.8 and spacy-curated-transformers 0.3, or keep it on torch",
        )
    if model.get("torchscript"):
        raise CompileRefusedError(
            "the transformer is TorchScript, which is code",
            got="torchscript = true",
            expected="torchscript = false",
            remedy="train or convert the pipeline without torchscript",
        )
    return _FAMILIES[name]


def _named(settings: object, registry: str) -> str:
    return str(settings.get(f"@{registry}")) if isinstance(settings, Mapping) else "None"


def _windows(model: Mapping[str, Any], saved: SavedModel, place: Path) -> tuple[int, int]:
    """Return the lengths of a window and of a stride, in pieces."""
    settings = model.get("with_spans")
    name = _named(settings, "architectures")
    if name != _WINDOWS or not isinstance(settings, Mapping):
        raise CompileRefusedError(
            "the transformer cuts documents in a way of its own",
            got=name,
            expected=_WINDOWS,
            remedy="train the pipeline with strided spans, or keep it on torch",
        )
    with in_words(place):
        attributes = _by_name(saved)["with_strided_spans"]
        window, stride = (int(unpack(attributes[key])) for key in ("window", "stride"))
    if not 0 < stride <= window:
        raise CompileRefusedError(
            "the transformer's windows leave pieces out",
            got=f"window {window}, stride {stride}",
            expected="a stride from 1 up to the window",
            remedy="train the pipeline with such a stride",
        )
    return window, stride


def _by_name(saved: SavedModel) -> dict[str, Mapping[str, memoryview]]:
    return dict(zip(saved.nodes, saved.attrs, strict=True))


def _state(saved: SavedModel, place: Path) -> memoryview:
    with in_words(place):
        (shim,) = [shim for of_layer in saved.shims for shim in of_layer]
        state = unpack(shim)["state"]
        if not isinstance(state, memoryview):
            raise TypeError("the state is not bytes")
        return state


def _unpacked(state: Mapping[str, Array]) -> dict[str, Array]:
    """Return the weights with queries, keys and values apart."""
    weights: dict[str, Array] = {}
    for name, value in state.items():
        if _PACKED not in name:
            weights[name] = value
            continue
        if len(value) % 3:
            raise WeightsInvalidError(
                f"a weight of the saved encoder cannot be told into queries, keys and values: {name}",
                got=f"shape {value.shape}",
                expected="three times the encoder's width",
                remedy="copy the pipeline again, whole, or save it again where it was trained",
            )
        third = len(value) // 3
        for number, part in enumerate(("query", "key", "value")):
            weights[name.replace("mha.input", f"mha.{part}")] = value[number * third : (number + 1) * third]
    return weights
