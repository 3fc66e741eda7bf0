"""What reading a tokenizer returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenizerParts:
    """A tokenizer for a bundle: the content of its tokenizer.json.

    `unknown_piece` stands for what it does not know, `max_pieces` is its longest sequence, where it says so.
    """

    content: bytes
    unknown_piece: str | None
    max_pieces: int | None
