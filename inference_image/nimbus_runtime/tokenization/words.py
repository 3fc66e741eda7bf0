"""Tokenizers that see one spaCy token at a time, in the manner of spacy-curated-transformers.

A token's pieces depend on its own text alone (and, for byte-level BPE, on the space before it), so
each text is encoded once and remembered.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nimbus_runtime.contract.errors import BundleUnsupportedError

if TYPE_CHECKING:
    from spacy.tokens import Doc

# The kind of a tokenizer in a bundle's settings -> the module that runs it.
KINDS = {
    "byte-bpe": "byte_bpe",
    "characters": "characters",
    "sentencepiece": "sentence_piece",
    "wordpiece": "wordpiece",
}


class WordTokenizer(Protocol):
    """Splits the texts of single tokens; every sequence has a piece at its beginning and its end."""

    begin: int
    end: int
    unknown: int

    def texts(self, doc: Doc) -> list[str]:
        """Return what of each token is to be split: nothing for a token that gets no pieces."""
        ...

    def encode(self, text: str) -> Sequence[int]:
        """Return the numbers of a text's pieces."""
        ...


class RememberedPieces:
    """A tokenizer that encodes each text once, and forgets all of them when there are too many."""

    def __init__(self, tokenizer: WordTokenizer, most: int = 100_000) -> None:
        """Remember nothing yet, and never more than `most` texts and those of one document."""
        self._tokenizer = tokenizer
        self._most = most
        self._known: dict[str, Sequence[int]] = {"": ()}

    def of(self, doc: Doc) -> list[Sequence[int]]:
        """Return the numbers of each token's pieces."""
        known = self._known
        if len(known) > self._most:
            known = self._known = {"": ()}
        pieces = []
        for text in self._tokenizer.texts(doc):
            ids = known.get(text)
            if ids is None:
                ids = known[text] = self._tokenizer.encode(text)
            pieces.append(ids)
        return pieces


def open_tokenizer(settings: dict[str, Any], folder: Path) -> WordTokenizer:
    """Open the tokenizer of a bundle's transformer folder."""
    kind = settings.get("kind")
    if kind not in KINDS:
        raise BundleUnsupportedError(
            "this bundle's tokenizer is of an unknown kind",
            where=str(folder),
            got=str(kind),
            expected=" or ".join(KINDS),
            remedy="upgrade nimbus-runtime to the version that compiled it",
        )
    module = importlib.import_module(f"nimbus_runtime.tokenization.{KINDS[kind]}")
    tokenizer: WordTokenizer = module.open_from(settings, folder)
    return tokenizer


def plain_texts(doc: Doc) -> list[str]:
    """Return the tokens' texts, nothing for white space."""
    return ["" if token.is_space else token.text for token in doc]
