"""The manner of spacy-transformers 1.1 to 1.4.

Windows are spans of spaCy tokens; each window's text is tokenized on its own, with special
pieces; pieces and tokens are aligned by characters; a token that several windows cover gets the
pieces of all of them; a sequence that is too long loses its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from spacy.attrs import IDX, LENGTH

from nimbus_runtime.components.output import TransformerOutput
from nimbus_runtime.contract.bundle import TOKENIZER_FILE
from nimbus_runtime.contract.errors import BundleUnsupportedError
from nimbus_runtime.tokenization.fast import FastTokenizer, Pieces

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from nimbus_runtime.stacks import Encode

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Spans:
    """How documents are cut into windows: "strided", "doc" or "sent"; lengths in tokens."""

    strategy: str
    window: int = 0
    stride: int = 0

    def windows(self, doc: Doc) -> Iterator[tuple[int, int]]:
        """Yield the windows of a document as (first token, token after the last); none when it is empty."""
        if len(doc) == 0:
            return
        if self.strategy == "doc":
            yield 0, len(doc)
        elif self.strategy == "sent":
            yield from ((sent.start, sent.end) for sent in doc.sents)
        else:
            yield from self._strided(len(doc))

    def _strided(self, length: int) -> Iterator[tuple[int, int]]:
        start = 0
        for _ in range(length // self.stride):
            yield start, min(start + self.window, length)
            if start + self.window >= length:
                return
            start += self.stride
        if start < length:
            yield start, length


@dataclass(frozen=True, slots=True)
class _Window:
    """A window of one document: its tokens from `start`, and where each begins in `text`."""

    start: int
    token_starts: Ints
    text: str


class SpacyTransformers:
    """Windows, pieces and alignment as spacy-transformers has them."""

    def __init__(self, spans: Spans, tokenizer: FastTokenizer, max_pieces: int, width: int) -> None:
        """Keep the settings; `max_pieces` is the longest sequence, special pieces included."""
        self._spans = spans
        self._tokenizer = tokenizer
        self._max_pieces = max_pieces
        self._width = width

    @classmethod
    def open(cls, settings: dict[str, Any], folder: Path) -> SpacyTransformers:
        """Open what a bundle's transformer folder holds."""
        spans = Spans(**settings["spans"])
        if spans.strategy not in {"strided", "doc", "sent"}:
            raise BundleUnsupportedError(
                "this bundle cuts documents in an unknown way",
                where=str(folder),
                got=spans.strategy,
                expected="strided, doc or sent",
                remedy="upgrade nimbus-runtime to the version that compiled it",
            )
        tokenizer = FastTokenizer(folder / TOKENIZER_FILE, settings["unknown_piece"])
        return cls(spans, tokenizer, settings["max_pieces"], settings["width"])

    def outputs(self, docs: Sequence[Doc], encode: Encode) -> list[TransformerOutput]:
        """Return each document's pieces and their alignment."""
        windows = [_windows(doc, self._spans) for doc in docs]
        flat = [window for of_doc in windows for window in of_doc]
        pieces = [self._truncate(p) for p in self._tokenizer.encode([window.text for window in flat])]
        states = encode([p.ids for p in pieces])
        outputs, at = [], 0
        for doc, of_doc in zip(docs, windows, strict=True):
            to = at + len(of_doc)
            outputs.append(self._output(len(doc), of_doc, pieces[at:to], states[at:to]))
            at = to
        return outputs

    def _truncate(self, pieces: Pieces) -> Pieces:
        if len(pieces.ids) <= self._max_pieces:
            return pieces
        return Pieces(pieces.ids[: self._max_pieces], pieces.offsets[: self._max_pieces])

    def _output(
        self, tokens: int, windows: list[_Window], pieces: list[Pieces], states: list[npt.NDArray[np.float32]]
    ) -> TransformerOutput:
        if not windows:
            none = np.zeros(0, dtype=np.int32)
            return TransformerOutput(np.zeros((0, self._width), np.float32), none, np.zeros(tokens, np.int32))
        unknown = sum(int((p.ids == self._tokenizer.unknown_id).sum()) for p in pieces)
        token_of, piece_of, offset = [], [], 0
        for window, of_window in zip(windows, pieces, strict=True):
            token, piece = _align(window, of_window)
            token_of.append(token + window.start)
            piece_of.append(piece + offset)
            offset += len(of_window.ids)
        token = np.concatenate(token_of) if len(token_of) > 1 else token_of[0]
        piece = np.concatenate(piece_of) if len(piece_of) > 1 else piece_of[0]
        if np.any(token[1:] < token[:-1]):
            order = np.lexsort((piece, token))
            token, piece = token[order], piece[order]
        lengths = np.bincount(token, minlength=tokens).astype(np.int32)
        state = np.concatenate(states) if len(states) > 1 else states[0]
        return TransformerOutput(state, piece.astype(np.int32), lengths, unknown)


def _windows(doc: Doc, spans: Spans) -> list[_Window]:
    text = doc.text
    places = doc.to_array([IDX, LENGTH]).astype(np.int32).reshape(-1, 2)
    windows = []
    for start, end in spans.windows(doc):
        first, last = int(places[start, 0]), int(places[end - 1].sum())
        windows.append(_Window(start, places[start:end, 0] - first, text[first:last]))
    return windows


def _align(window: _Window, pieces: Pieces) -> tuple[Ints, Ints]:
    """Return the pairs of token (counted from the window's first) and piece that share a character.

    A token covers its own characters and the space after it, as in the original.
    """
    covered = np.diff(window.token_starts, append=np.int32(len(window.text) + 1))
    token_at = np.repeat(np.arange(len(window.token_starts), dtype=np.int32), covered)
    starts, ends = pieces.offsets[:, 0], pieces.offsets[:, 1]
    kept = np.flatnonzero(ends > starts)
    first, last = token_at[starts[kept]], token_at[ends[kept] - 1]
    shared = last - first
    if not shared.any():
        return first, kept.astype(np.int32)
    counts = shared + 1
    piece = np.repeat(kept, counts)
    within = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (np.repeat(first, counts) + within).astype(np.int32), piece.astype(np.int32)
