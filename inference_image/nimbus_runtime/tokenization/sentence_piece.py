"""SentencePiece's unigram model as spacy-curated-transformers has it: each token is a text of its own.

A text is normalised and cut into the pieces that are likeliest together. Between equally likely
cuts rounding decides, so numbers are rounded where SentencePiece 0.1.96 rounds them: scores are
float32, a candidate is compared before it is rounded. Models of fairseq (XLM-R, CamemBERT) number
their pieces differently from the model file that came with them; `numbering` says how.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.bundle import TOKENIZER_FILE
from nimbus_runtime.tokenization.character_map import CharacterMap
from nimbus_runtime.tokenization.words import plain_texts

if TYPE_CHECKING:
    from spacy.tokens import Doc

# numbering -> (what is added to a piece's number, the pieces with numbers of their own)
NUMBERINGS: Mapping[str, tuple[int, Mapping[int, int]]] = {
    "own": (0, {}),
    "xlm-r": (1, {0: 3, 1: 0, 2: 2}),
    "camembert": (4, {0: 3}),
}
_SPACE = "▁"
_NORMAL, _UNKNOWN, _USER_DEFINED, _UNUSED, _BYTE = 1, 2, 4, 5, 6
_UNKNOWN_PENALTY = 10.0
_CHARACTER_BYTES = (1,) * 12 + (2, 2, 3, 4)  # of UTF-8, by the first four bits


@dataclass(frozen=True, slots=True)
class _Best:
    """The best path to a place in a text: its score, where its last piece begins, and that piece."""

    score: float
    start: int
    piece: int


class SentencePiece:
    """A unigram model: pieces and their scores, rules of normalisation, numbering."""

    def __init__(self, model: dict[str, Any], numbering: str) -> None:
        """Read the model."""
        self._rules = CharacterMap(base64.b64decode(model["rules"]))
        self._add_space: bool = model["add_space"]
        self._remove_spaces: bool = model["remove_spaces"]
        self._space_behind: bool = model["space_behind"]
        self._space = _SPACE if model["escape_spaces"] else " "
        pieces, scores = model["pieces"], [_rounded(score) for score in model["scores"]]
        types: dict[int, int] = {int(number): kind for number, kind in model["types"].items()}  # all but normal ones
        normal = [score for number, score in enumerate(scores) if number not in types]
        highest = max([0.0, *normal])  # the original begins its search at nothing
        self._of_unknown = _rounded(min(normal, default=0.0) - _UNKNOWN_PENALTY)
        self._scores: dict[str, tuple[int, float]] = {}
        self._kept: list[bytes] = []
        self._bytes: dict[int, int] = {}
        for number, (piece, score) in enumerate(zip(pieces, scores, strict=True)):
            kind = types.get(number, _NORMAL)
            if kind == _USER_DEFINED:
                self._kept.append(piece.encode())
                score = _rounded(len(piece.encode()) * highest) - 0.1  # noqa: PLW2901 - always chosen, as the original has it
            if kind in (_NORMAL, _USER_DEFINED):
                self._scores[piece] = number, score
            elif kind == _BYTE:
                self._bytes[int(piece[3:5], 16)] = number  # <0x0A>
        self._fallback: bool = model["byte_fallback"]
        self._longest = max(map(len, self._scores), default=1)
        self._unknown = next(number for number, kind in types.items() if kind == _UNKNOWN)
        self._added, self._own = NUMBERINGS[numbering]
        self.begin, self.end = (self._numbered(pieces.index(model[name])) for name in ("begin", "end"))
        self.unknown = self._numbered(self._unknown)

    def texts(self, doc: Doc) -> list[str]:
        """Return the tokens' texts, nothing for white space."""
        return plain_texts(doc)

    def encode(self, text: str) -> list[int]:
        """Return the numbers of a token's pieces; unknown ones that follow each other are one."""
        normalised = self._normalised(text)
        numbers: list[int] = []
        for start, end, piece in self._best(normalised):
            if piece != self._unknown:
                numbers.append(piece)
            elif self._fallback:
                numbers.extend(self._bytes[byte] for byte in normalised[start:end].encode())
            elif not numbers or numbers[-1] != piece:
                numbers.append(piece)
        return [self._numbered(number) for number in numbers]

    def _numbered(self, piece: int) -> int:
        return self._own.get(piece, piece + self._added)

    def _normalised(self, text: str) -> str:
        """Return a text as the model's pieces spell it."""
        data = text.encode()
        at, out = 0, []
        if self._remove_spaces:
            while at < len(data):
                part, length = self._replaced(data, at)
                if part != b" ":
                    break
                at += length
        if at == len(data):
            return ""
        after_space = self._remove_spaces
        while at < len(data):
            part, length = self._replaced(data, at)
            at += length
            if after_space:
                part = part.lstrip(b" ")
            if part:
                after_space = self._remove_spaces and part.endswith(b" ")
                out.append(part)
        space_before = self._space if self._add_space and not self._space_behind else ""
        body = space_before + b"".join(out).decode().replace(" ", self._space)
        if self._remove_spaces:
            body = body.rstrip(self._space)
        return body + self._space if self._add_space and self._space_behind else body

    def _replaced(self, text: bytes, at: int) -> tuple[bytes, int]:
        """Return what the beginning of the rest of a text becomes, and how long that beginning is."""
        kept = max((len(piece) for piece in self._kept if text.startswith(piece, at)), default=0)
        if kept:
            return text[at : at + kept], kept
        replacement, length = self._rules.replace(text, at)
        if length:
            return replacement, length
        length = _CHARACTER_BYTES[text[at] >> 4]
        return text[at : at + length], length

    def _best(self, text: str) -> list[tuple[int, int, int]]:
        """Return the likeliest pieces of a text as (start, end, piece)."""
        ends: list[_Best | None] = [None] * (len(text) + 1)
        ends[0] = _Best(0.0, 0, self._unknown)
        for start in range(len(text)):
            before = ends[start]
            score_here = before.score if before else 0.0
            for end in range(start + 1, min(start + self._longest, len(text)) + 1):
                known = self._scores.get(text[start:end])
                if known is not None:
                    _offer(ends, end, score_here + known[1], start, known[0])
            if text[start] not in self._scores:
                _offer(ends, start + 1, _rounded(score_here + self._of_unknown), start, self._unknown)
        path, end = [], len(text)
        while end > 0:
            best = ends[end]
            assert best is not None  # noqa: S101 - every place is reached, by the unknown piece if by no other
            path.append((best.start, end, best.piece))
            end = best.start
        return path[::-1]


def _offer(ends: list[_Best | None], end: int, score: float, start: int, piece: int) -> None:
    """Take a path to a place if it is better than the best one so far."""
    best = ends[end]
    if best is None or score > best.score:
        ends[end] = _Best(_rounded(score), start, piece)


def _rounded(number: float) -> float:
    """Return a number as float32 has it."""
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


def open_from(settings: dict[str, Any], folder: Path) -> SentencePiece:
    """Open the model of a bundle's transformer folder."""
    return SentencePiece(json.loads((folder / TOKENIZER_FILE).read_bytes()), settings["numbering"])
