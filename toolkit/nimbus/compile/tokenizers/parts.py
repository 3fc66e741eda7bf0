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
    def json(self) -> bytes:
        """Return the file."""
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode()
