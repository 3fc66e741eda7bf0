"""Rules of the manner of spacy-curated-transformers, without an encoder: who sees which pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from nimbus_runtime.stacks.spacy_curated_transformers import (
    PaddingInTextError,
    SpacyCuratedTransformers,
    WindowTooLongError,
)
from nimbus_runtime.tokenization.wordpiece import WordPiece
from nimbus_runtime.tokenization.words import RememberedPieces

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d", "##d", "e"]
PLAIN = {"begin": "[CLS]", "end": "[SEP]", "unknown": "[UNK]", "lowercase": False, "strip_accents": False}


def stack(window: int, stride: int, *, longest: int = 64) -> SpacyCuratedTransformers:
    """Return the stack over a vocabulary of single letters."""
    settings: dict[str, Any] = {"window": window, "stride": stride, "max_pieces": longest, "padding": 0}
    return SpacyCuratedTransformers(WordPiece(PIECES, {**PLAIN, "split_punctuation": False}), settings)


def doc(*tokens: str) -> Doc:
    """Return a document of these tokens."""
    return Doc(spacy.blank("xx").vocab, list(tokens))


class Recording:
    """An encoder whose vector of a piece is its number, plus a hundred for each window before."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.windows: list[list[int]] = []

    def __call__(self, sequences: Sequence[Any]) -> list[Any]:
        """Return the windows' vectors, (pieces, 1)."""
        self.windows = [list(map(int, sequence)) for sequence in sequences]
        return [
            np.array([[piece + 100.0 * number] for piece in sequence], dtype=np.float32)
            for number, sequence in enumerate(sequences)
        ]


def test_a_token_has_its_own_pieces_and_white_space_has_none() -> None:
    """Pieces stand in the order of the tokens; the first and the last piece belong to none."""
    encoder = Recording()
    (output,) = stack(16, 16).outputs([doc("a", " ", "dd", "x")], encoder)
    assert encoder.windows == [[2, 4, 7, 8, 1, 3]]
    assert output.lengths.tolist() == [1, 0, 2, 1]
    assert output.pieces[:, 0].tolist() == [4, 7, 8, 1]
    assert output.unknown == 1


def test_what_two_windows_share_is_their_average() -> None:
    """Windows begin every stride; a short last one repeats the end of the one before."""
    encoder = Recording()
    (output,) = stack(4, 2).outputs([doc("a", "b", "c", "e")], encoder)
    assert encoder.windows == [[2, 4, 5, 6], [5, 6, 9, 3], [9, 3]]
    assert output.pieces[:, 0].tolist() == [4, (5 + 105) / 2, (6 + 106) / 2, (109 + 209) / 2]


def test_an_empty_document_has_no_pieces() -> None:
    """It costs a sequence of the two special pieces and stands in nobody's way."""
    outputs = stack(4, 2).outputs([doc(), doc("a")], Recording())
    assert [len(output.pieces) for output in outputs] == [0, 1]


def test_a_text_that_spells_the_padding_piece_is_an_error_of_its_own() -> None:
    """The original would hide that piece from its encoder; here the document is set aside."""
    with pytest.raises(PaddingInTextError):
        stack(16, 16).outputs([doc("a", "[PAD]")], Recording())


def test_a_window_that_the_encoder_cannot_take_is_an_error_of_its_own() -> None:
    """A short document still passes where windows may be longer than the encoder's positions."""
    limited = stack(16, 16, longest=5)
    assert len(limited.outputs([doc("a", "b", "c")], Recording())) == 1
    with pytest.raises(WindowTooLongError):
        limited.outputs([doc("a", "b", "c", "e")], Recording())


class Counting:
    """A tokenizer whose pieces are a text's length, and which counts what it was asked."""

    begin, end, unknown = 1, 2, 3

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.asked: list[str] = []

    def texts(self, doc: Doc) -> list[str]:
        """Return the tokens' texts."""
        return [token.text for token in doc]

    def encode(self, text: str) -> list[int]:
        """Return one piece."""
        self.asked.append(text)
        return [len(text)]


def test_a_text_is_encoded_once_until_there_are_too_many() -> None:
    """A worker that sees millions of words keeps the pieces of some of them."""
    tokenizer = Counting()
    remembered = RememberedPieces(tokenizer, most=4)
    for letter in ("a", "b", "a", "b", "c", "a"):
        assert remembered.of(doc(letter, "dd")) == [[1], [2]]
    assert tokenizer.asked == ["a", "dd", "b", "c", "a", "dd"]
