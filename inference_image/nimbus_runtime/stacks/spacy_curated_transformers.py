"""The manner of spacy-curated-transformers 0.2 and 0.3.

Each spaCy token is split into pieces on its own; a document is one sequence of pieces between a
first and a last one; windows are cut out of that sequence, every `stride` pieces; the vectors of
pieces that two windows share are averaged; a token's pieces are its own, so nothing is aligned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nimbus_runtime.components.output import TransformerOutput
from nimbus_runtime.tokenization.words import RememberedPieces, WordTokenizer, open_tokenizer

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from nimbus_runtime.stacks import Encode

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


class PaddingInTextError(ValueError):
    """A document spells the padding piece, which the original's encoder would not see."""


class WindowTooLongError(ValueError):
    """A window has more pieces than the encoder takes; the original fails on it, too."""


class SpacyCuratedTransformers:
    """Pieces, windows and averages as spacy-curated-transformers has them."""

    def __init__(self, tokenizer: WordTokenizer, settings: dict[str, Any]) -> None:
        """Keep the settings; lengths are in pieces."""
        self._tokenizer = tokenizer
        self._pieces = RememberedPieces(tokenizer)
        self._window: int = settings["window"]
        self._stride: int = settings["stride"]
        self._longest: int = settings["max_pieces"]
        self._padding: int = settings["padding"]

    @classmethod
    def open(cls, settings: dict[str, Any], folder: Path) -> SpacyCuratedTransformers:
        """Open what a bundle's transformer folder holds."""
        return cls(open_tokenizer(settings["tokenizer"], folder), settings)

    def outputs(self, docs: Sequence[Doc], encode: Encode) -> list[TransformerOutput]:
        """Return each document's pieces; no alignment is needed."""
        pieces = [self._pieces.of(doc) for doc in docs]
        sequences = [self._sequence(of_doc) for of_doc in pieces]
        windows = [list(self._windows(sequence)) for sequence in sequences]
        states = iter(encode([window for of_doc in windows for window in of_doc]))
        outputs = []
        for of_doc, sequence, cut in zip(pieces, sequences, windows, strict=True):
            joined = self._joined([next(states) for _ in cut], len(sequence))[1:-1]
            lengths = np.fromiter(map(len, of_doc), dtype=np.int32, count=len(of_doc))
            unknown = int((sequence == self._tokenizer.unknown).sum())
            outputs.append(TransformerOutput(joined, np.arange(len(joined), dtype=np.int32), lengths, unknown))
        return outputs

    def _sequence(self, pieces: Sequence[Sequence[int]]) -> Ints:
        """Return a document's pieces between the first and the last."""
        numbers = [self._tokenizer.begin, *(piece for of_token in pieces for piece in of_token), self._tokenizer.end]
        sequence = np.array(numbers, dtype=np.int32)
        if (sequence == self._padding).any():
            raise PaddingInTextError
        if min(len(sequence), self._window) > self._longest:
            raise WindowTooLongError
        return sequence

    def _windows(self, sequence: Ints) -> Iterator[Ints]:
        """Yield the windows. The last may be short, and repeat the end of the one before it."""
        for start in range(0, len(sequence), self._stride):
            yield sequence[start : start + self._window]

    def _joined(self, states: list[Floats], length: int) -> Floats:
        """Average what windows share, one overlap after the other, and return the first `stride` pieces of each."""
        if len(states) == 1:
            return states[0]
        states = [state.copy() for state in states]
        shared, before = self._window - self._stride, None
        for number, state in enumerate(states):
            left = min(shared, length - number * self._stride)
            if before is not None and left:
                end, begin = before[-left:], state[:left]
                end += begin
                end /= 2
                begin[:] = end
            before = state[-left:] if left else None
        return np.concatenate([state[: self._stride] for state in states])
