"""Byte-level BPE as spacy-curated-transformers has it.

A token is encoded together with the space before it. Texts are cut as GPT-2 cuts them, spelt in
bytes, and the pairs that were merged first in training are merged first.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.bundle import TOKENIZER_FILE

if TYPE_CHECKING:
    from spacy.tokens import Doc

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def _letters() -> dict[int, str]:
    """Return the letter that spells each byte: itself where it can be seen, else one from beyond Latin-1."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    unseen = [byte for byte in range(256) if byte not in seen]
    return {**{byte: chr(byte) for byte in seen}, **{byte: chr(256 + n) for n, byte in enumerate(unseen)}}


class PieceMissingError(ValueError):
    """A text needs a piece that the vocabulary does not have; the original fails on it, too."""


class ByteBpe:
    """A vocabulary, and the pairs to merge in the order of their rank."""

    def __init__(
        self, vocabulary: Mapping[str, int], merges: Sequence[Sequence[str]], settings: dict[str, Any]
    ) -> None:
        """Read vocabulary and merges."""
        from tokenizers import Regex, pre_tokenizers  # noqa: PLC0415 - only where documents are scored

        self._vocabulary = vocabulary
        self._ranks = {(first, second): rank for rank, (first, second) in enumerate(merges)}
        self._split = pre_tokenizers.Split(Regex(_WORDS), "isolated")
        self._letters = _letters()
        self.begin, self.end, self.unknown = (vocabulary[settings[name]] for name in ("begin", "end", "unknown"))

    def texts(self, doc: Doc) -> list[str]:
        """Return the tokens' texts, each after the space before it."""
        texts, space = [], ""
        for token in doc:
            texts.append("" if token.is_space else space + token.text)
            space = token.whitespace_
        return texts

    def encode(self, text: str) -> list[int]:
        """Return the numbers of a token's pieces."""
        try:
            return [
                self._vocabulary[piece]
                for word, _ in self._split.pre_tokenize_str(text)
                for piece in self._merged([self._letters[byte] for byte in word.encode()])
            ]
        except KeyError:
            raise PieceMissingError from None

    def _merged(self, pieces: list[str]) -> list[str]:
        ranks, none = self._ranks, len(self._ranks)
        while len(pieces) > 1:
            best = min(itertools.pairwise(pieces), key=lambda pair: ranks.get(pair, none))
            if best not in ranks:
                break
            merged, at = [], 0
            while at < len(pieces):
                if tuple(pieces[at : at + 2]) == best:
                    merged.append(best[0] + best[1])
                    at += 2
                else:
                    merged.append(pieces[at])
                    at += 1
            pieces = merged
        return pieces


def open_from(settings: dict[str, Any], folder: Path) -> ByteBpe:
    """Open the vocabulary and merges of a bundle's transformer folder."""
    saved = json.loads((folder / TOKENIZER_FILE).read_bytes())
    return ByteBpe(saved["vocabulary"], saved["merges"], settings)
