"""Reads a SentencePiece model file as data: its pieces, and how texts are normalised before.

Field numbers are those of sentencepiece_model.proto.
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass, field
from typing import Any

from nimbus.compile.errors import CompileRefusedError
from nimbus_runtime.protobuf import Message, fields, parts

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
_PIECE = 1 << 3 | 2  # the key before a piece
_MODELS = {1: "unigram", 2: "BPE", 3: "word", 4: "char"}


@dataclass(slots=True)
class SentencePieceModel:
    """A model's pieces with their scores (natural logarithms) and types, and its settings.

    `rules` is its map of what characters become before they are cut, in base64.
    """

    pieces: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    model: int = 1
    byte_fallback: bool = False
    space_behind: bool = False
    begin: str = "<s>"
    end: str = "</s>"
    unknown: str = "<unk>"
    rules: str = ""
    add_space: bool = True
    remove_spaces: bool = True
    escape_spaces: bool = True


def read_sentencepiece(data: bytes) -> SentencePieceModel:
    """Read a model; raise ValueError, IndexError or struct.error where it is damaged."""
    model = SentencePieceModel()
    for number, part in parts(memoryview(data)):
        if number == 1:
            _piece(part, model)
        elif number == 2:
            _trainer(part, model)
        elif number == 3:
            _normalizer(part, model)
    if not model.pieces:
        raise ValueError("the model has no pieces")
    _check(model)
    return model


def check_sentencepiece(data: bytes) -> None:
    """Refuse a model of another kind by its settings alone: its pieces, of which there are many, are skipped."""
    at = 0
    while at + 1 < len(data) and data[at] == _PIECE and data[at + 1] < 128:
        at += 2 + data[at + 1]
    if at > len(data):
        raise ValueError("a piece lies beyond the model's end")
    model = SentencePieceModel()
    for number, part in parts(memoryview(data)[at:]):
        if number == 2:
            _trainer(part, model)
    _check_kind(model)


def _check(model: SentencePieceModel) -> None:
    _check_kind(model)
    if UNKNOWN not in model.types:
        raise ValueError("the model has no unknown piece")
    for name in (model.begin, model.end):
        if name not in model.pieces or model.types[model.pieces.index(name)] != CONTROL:
            raise CompileRefusedError(
                "the SentencePiece model has no piece for the beginning or the end of a text",
                got=f"no control piece {name!r}",
                expected="both, without which the original cannot run either",
                remedy="train the pipeline with a model that was made with bos_id and eos_id",
            )


def _check_kind(model: SentencePieceModel) -> None:
    if model.model != 1:
        raise CompileRefusedError(
            "the SentencePiece model is not a unigram model",
            got=_MODELS.get(model.model, str(model.model)),
            expected="unigram, as XLM-R, CamemBERT and ALBERT have",
            remedy="train the pipeline with such a model, or keep it on torch",
        )


def _piece(message: Message, model: SentencePieceModel) -> None:
    piece, score, kind = "", 0.0, NORMAL
    for number, _, value in fields(message):
        if number == 1 and not isinstance(value, int):
            piece = bytes(value).decode()
        elif number == 2 and not isinstance(value, int):
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = value
    model.pieces.append(piece)
    model.scores.append(score)
    model.types.append(kind)


def _trainer(message: Message, model: SentencePieceModel) -> None:
    names: dict[int, Any] = {3: "model", 24: "space_behind", 35: "byte_fallback", 45: "unknown", 46: "begin", 47: "end"}
    _settings(message, model, names)


def _normalizer(message: Message, model: SentencePieceModel) -> None:
    for number, value in parts(message):
        if number == 2:
            _check_rules(value)
            model.rules = base64.b64encode(value).decode()
    _settings(message, model, {3: "add_space", 4: "remove_spaces", 5: "escape_spaces"})


def _settings(message: Message, model: SentencePieceModel, names: dict[int, str]) -> None:
    for number, _, value in fields(message):
        if number in names:
            present = getattr(model, names[number])
            setattr(model, names[number], type(present)(value) if isinstance(value, int) else bytes(value).decode())


def _check_rules(charsmap: Message) -> None:
    """Refuse a map whose trie does not lie inside it."""
    if len(charsmap) and not 4 <= int.from_bytes(charsmap[:4], "little") <= len(charsmap) - 4:
        raise ValueError("the map of characters is cut short")
