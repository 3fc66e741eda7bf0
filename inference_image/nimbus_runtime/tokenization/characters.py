"""Single characters as pieces, as spacy-curated-transformers has them: white space counts too."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.bundle import TOKENIZER_FILE

if TYPE_CHECKING:
    from spacy.tokens import Doc


class Characters:
    """A vocabulary of characters, looked up after an optional Unicode normalisation."""

    def __init__(self, vocabulary: Mapping[str, int], settings: dict[str, Any]) -> None:
        """Read the vocabulary."""
        self._vocabulary = vocabulary
        self._form = settings["normalize"]
        self.begin, self.end, self.unknown = (vocabulary[settings[name]] for name in ("begin", "end", "unknown"))

    def texts(self, doc: Doc) -> list[str]:
        """Return the tokens' texts."""
        return [token.text for token in doc]

    def encode(self, text: str) -> list[int]:
        """Return the number of each character."""
        spelt = unicodedata.normalize(self._form, text) if self._form else text
        return [self._vocabulary.get(letter, self.unknown) for letter in spelt]


def open_from(settings: dict[str, Any], folder: Path) -> Characters:
    """Open the vocabulary of a bundle's transformer folder."""
    return Characters(json.loads((folder / TOKENIZER_FILE).read_bytes())["vocabulary"], settings)
