"""WordPiece as spacy-curated-transformers has it.

Pieces are the longest that fit, from left to right. Where none fits, the unknown piece stands for
the rest, and the pieces before it stay; no word is too long.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.bundle import TOKENIZER_FILE
from nimbus_runtime.tokenization.words import plain_texts

if TYPE_CHECKING:
    from spacy.tokens import Doc

_CONTINUED = "##"
_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class WordPiece:
    """A vocabulary of pieces at the beginning of words and of pieces that continue them."""

    def __init__(self, pieces: Sequence[str], settings: dict[str, Any]) -> None:
        """Read the vocabulary; of a piece that stands twice the first counts."""
        self._initial: dict[str, int] = {}
        self._continued: dict[str, int] = {}
        for number, piece in enumerate(pieces):
            if piece.startswith(_CONTINUED):
                self._continued.setdefault(piece.removeprefix(_CONTINUED), number)
            else:
                self._initial.setdefault(piece, number)
        self._longest = max(map(len, pieces), default=0)
        self._lowercase: bool = settings["lowercase"]
        self._strip_accents: bool = settings["strip_accents"]
        self._split_punctuation: bool = settings["split_punctuation"]
        self.begin, self.end, self.unknown = (self._initial[settings[name]] for name in ("begin", "end", "unknown"))

    def texts(self, doc: Doc) -> list[str]:
        """Return the tokens' texts, in lower case where pieces are."""
        if self._lowercase:
            return ["" if token.is_space else token.lower_ for token in doc]
        return plain_texts(doc)

    def encode(self, text: str) -> list[int]:
        """Return the numbers of a token's pieces."""
        if self._strip_accents:
            spelt = unicodedata.normalize("NFD", text)
            text = "".join(letter for letter in spelt if unicodedata.category(letter) != "Mn")
        words = _between_punctuation(text) if self._split_punctuation else (text,)
        return [piece for word in words for piece in self._pieces(word)]

    def _pieces(self, word: str) -> Iterator[int]:
        at, table = 0, self._initial
        while at < len(word):
            for end in range(min(len(word), at + self._longest), at, -1):
                piece = table.get(word[at:end])
                if piece is not None:
                    yield piece
                    at, table = end, self._continued
                    break
            else:
                yield self.unknown
                return


def _between_punctuation(text: str) -> Iterator[str]:
    """Yield every punctuation mark, and what stands between them."""
    start = 0
    for at, letter in enumerate(text):
        if letter in _ASCII_PUNCTUATION or unicodedata.category(letter).startswith("P"):
            if start < at:
                yield text[start:at]
            yield letter
            start = at + 1
    if start < len(text):
        yield text[start:]


def open_from(settings: dict[str, Any], folder: Path) -> WordPiece:
    """Open the vocabulary of a bundle's transformer folder."""
    return WordPiece(json.loads((folder / TOKENIZER_FILE).read_bytes())["pieces"], settings)
