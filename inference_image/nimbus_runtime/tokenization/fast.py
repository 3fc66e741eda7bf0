"""Tokenizers that the tokenizers library runs from one tokenizer.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Pieces:
    """One text's pieces: their numbers, (pieces,), and the characters each covers, (pieces, 2).

    Special pieces cover nothing.
    """

    ids: Ints
    offsets: Ints


class FastTokenizer:
    """A tokenizer.json, never padding and never truncating."""

    def __init__(self, path: Path, unknown: str | None) -> None:
        """Open the tokenizer; `unknown` is the piece that stands for what it does not know."""
        from tokenizers import Tokenizer  # noqa: PLC0415 - only where documents are scored

        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.unknown_id: int | None = None if unknown is None else self._tokenizer.token_to_id(unknown)

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Return each text's pieces, special ones included."""
        return [
            Pieces(np.array(e.ids, dtype=np.int32), np.array(e.offsets, dtype=np.int32).reshape(-1, 2))
            for e in self._tokenizer.encode_batch(list(texts))
        ]
