"""Reads a SentencePiece model file as data: its pieces, and how texts are normalised before.

Field numbers are those of sentencepiece_model.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nimbus.compile.errors import CompileRefusedError
from nimbus_runtime.protobuf import Message, fields, parts

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
_MODELS = {1: "unigram", 2: "BPE", 3: "word", 4: "char"}


@dataclass(slots=True)
class SentencePieceModel:
    """A model's pieces with their scores (natural logarithms) and types, and its settings."""

    pieces: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    model: int = 1
    byte_fallback: bool = False
    space_behind: bool = False
    begin: str = "<s>"
    end: str = "</s>"
    unknown: str = "<unk>"
    rules: dict[str, str] = field(default_factory=dict)
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


def _check(model: SentencePieceModel) -> None:
    if model.model != 1:
        raise CompileRefusedError(
            "the SentencePiece model is not a unigram model",
            got=_MODELS.get(model.model, str(model.model)),
            expected="unigram, as XLM-R, CamemBERT and ALBERT have",
            remedy="train the pipeline with such a model, or keep it on torch",
        )
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
        if number == 2 and len(value):
            model.rules = dict(_rules(bytes(value)))
    _settings(message, model, {3: "add_space", 4: "remove_spaces", 5: "escape_spaces"})


def _settings(message: Message, model: SentencePieceModel, names: dict[int, str]) -> None:
    for number, _, value in fields(message):
        if number in names:
            present = getattr(model, names[number])
            setattr(model, names[number], type(present)(value) if isinstance(value, int) else bytes(value).decode())


def _rules(charsmap: bytes) -> Iterator[tuple[str, str]]:
    """Yield what a precompiled character map replaces, and by what.

    The map is a double-array trie over UTF-8 bytes; a leaf holds the place of its replacement among
    texts that end with a zero byte.
    """
    (size,) = struct.unpack_from("<I", charsmap)
    units = struct.unpack_from(f"<{size // 4}I", charsmap, 4)
    texts = charsmap[4 + size :]
    waiting = [(b"", _offset(units[0]))]
    while waiting:
        prefix, base = waiting.pop()
        for byte in range(1, 256):
            place = base ^ byte
            if place >= len(units) or units[place] & _LABEL != byte:
                continue
            key, below = prefix + bytes([byte]), place ^ _offset(units[place])
            if units[place] >> 8 & 1:
                start = units[below] & ~(1 << 31)
                yield key.decode(), texts[start : texts.index(b"\0", start)].decode()
            waiting.append((key, below))


_LABEL = 1 << 31 | 0xFF


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 1 << 9) >> 6)
