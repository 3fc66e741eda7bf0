"""Tokenizers that see one spaCy token at a time: the piece encoders of spacy-curated-transformers.

Each keeps its vocabulary as an attribute of a layer of the saved model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import srsly

from nimbus.compile.errors import CompileRefusedError, WeightsInvalidError
from nimbus.compile.tokenizers.parts import TokenizerParts
from nimbus.compile.tokenizers.sentencepiece_model import NORMAL, read_sentencepiece

_PREFIX = "spacy-curated-transformers."

# The architecture in config.cfg -> the layer with the vocabulary, the tokenizer's kind, and what the name alone says.
ARCHITECTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    f"{_PREFIX}BertWordpieceEncoder.v1": ("wordpiece_encoder", "wordpiece", {"split_punctuation": True}),
    f"{_PREFIX}WordpieceEncoder.v1": ("wordpiece_encoder", "wordpiece", {"split_punctuation": False}),
    f"{_PREFIX}ByteBpeEncoder.v1": ("byte_bpe_encoder", "byte-bpe", {}),
    f"{_PREFIX}CharEncoder.v1": ("char_encoder", "characters", {}),
    f"{_PREFIX}SentencepieceEncoder.v1": ("sentencepiece_encoder", "sentencepiece", {"numbering": "own"}),
    f"{_PREFIX}XlmrSentencepieceEncoder.v1": ("sentencepiece_encoder", "sentencepiece", {"numbering": "xlm-r"}),
    f"{_PREFIX}CamembertSentencepieceEncoder.v1": (
        "sentencepiece_encoder",
        "sentencepiece",
        {"numbering": "camembert"},
    ),
}
# The content of the bundle's file, the pieces, and more of the runtime's settings.
_Read = tuple[dict[str, Any], list[str], dict[str, Any]]
_SPECIAL = {"begin": "bos_piece", "end": "eos_piece", "unknown": "unk_piece"}


def read_words(
    architecture: str, layers: Mapping[str, Mapping[str, memoryview]]
) -> tuple[TokenizerParts, dict[str, Any]]:
    """Return a tokenizer and the runtime's settings for it, given the saved layers' attributes by name."""
    if architecture not in ARCHITECTURES:
        raise CompileRefusedError(
            "the transformer splits tokens with a piece encoder that is not supported",
            got=architecture,
            expected=" or ".join(name.removeprefix(_PREFIX) for name in ARCHITECTURES),
            remedy="train the pipeline with one of these piece encoders, or keep it on torch",
        )
    layer, kind, settings = ARCHITECTURES[architecture]
    try:
        attributes = layers[layer]
        content, vocabulary, more = _READERS[kind](attributes)
        special = {
            name: srsly.msgpack_loads(bytes(attributes[own]))
            for name, own in _SPECIAL.items()
            if kind != "sentencepiece"
        }
    except CompileRefusedError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged attributes answer with exceptions of many kinds
        raise WeightsInvalidError(
            "the transformer's piece encoder holds no vocabulary, or a damaged one",
            got=f"{type(error).__name__}: {error}",
            expected=f"the attributes that {architecture} saves",
            remedy="initialise and train the pipeline, or save it again where it was trained",
        ) from None
    for name in special.values():
        if name not in vocabulary:
            raise WeightsInvalidError(
                "the piece encoder's vocabulary lacks a special piece",
                got=f"no {name!r} among {len(vocabulary)} pieces",
                remedy="initialise and train the pipeline with a piece loader, and save it again",
            )
    return TokenizerParts(content, None, None), {"kind": kind, **settings, **special, **more}


def _wordpiece(attributes: Mapping[str, memoryview]) -> _Read:
    pieces = bytes(attributes["wordpiece_processor"]).decode().split("\n")
    return {"pieces": pieces}, pieces, _flags(attributes, "lowercase", "strip_accents")


def _byte_bpe(attributes: Mapping[str, memoryview]) -> _Read:
    saved = srsly.msgpack_loads(bytes(attributes["byte_bpe_processor"]))
    vocabulary = {str(piece): int(number) for piece, number in saved["vocab"].items()}
    return (
        {"vocabulary": vocabulary, "merges": [[str(a), str(b)] for a, b in saved["merges"]]},
        list(vocabulary),
        {},
    )


def _characters(attributes: Mapping[str, memoryview]) -> _Read:
    saved = srsly.msgpack_loads(bytes(attributes["vocab"]))
    vocabulary = {str(piece): int(number) for piece, number in saved.items()}
    return {"vocabulary": vocabulary}, list(vocabulary), _flags(attributes, "normalize")


def _sentencepiece(attributes: Mapping[str, memoryview]) -> _Read:
    model = read_sentencepiece(bytes(attributes["sentencepiece_processor"]))
    scores = [float(str(np.float32(score))) for score in model.scores]  # the shortest text that reads the same
    types = {number: kind for number, kind in enumerate(model.types) if kind != NORMAL}
    return {**dataclasses.asdict(model), "scores": scores, "types": types}, model.pieces, {}


_READERS = {
    "wordpiece": _wordpiece,
    "byte-bpe": _byte_bpe,
    "characters": _characters,
    "sentencepiece": _sentencepiece,
}


def _flags(attributes: Mapping[str, memoryview], *names: str) -> dict[str, Any]:
    return {name: srsly.msgpack_loads(bytes(attributes[name])) for name in names}
