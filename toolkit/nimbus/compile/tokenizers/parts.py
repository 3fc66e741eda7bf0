"""What reading a tokenizer returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TokenizerParts:
    """A tokenizer for a bundle: the content of its tokenizer.json.

    `unknown_piece` stands for what it does not know, `max_pieces` is its longest sequence, where it says so.
    """

    content: Mapping[str, Any]
    unknown_piece: str | None
    max_pieces: int | None

    @property
    def largest_id(self) -> int:
        """Return the largest number that a piece of a Hugging Face tokenizer has, -1 without any."""
        vocabulary, added = self.content["model"].get("vocab"), self.content.get("added_tokens")
        numbers: list[Any] = [len(vocabulary) - 1] if isinstance(vocabulary, list) else []
        numbers += vocabulary.values() if isinstance(vocabulary, dict) else []
        numbers += [token.get("id") for token in added if isinstance(token, dict)] if isinstance(added, list) else []
        return max((number for number in numbers if isinstance(number, int)), default=-1)

    @property
    def json(self) -> bytes:
        """Return the file."""
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode()
