"""What the transformer leaves on a document for the heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from thinc.types import Ragged

if TYPE_CHECKING:
    from thinc.api import Model

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(slots=True)
class TransformerOutput:
    """The pieces of one document and their alignment with its tokens.

    `pieces`: the last hidden state, (pieces of all windows, width). `lengths`: pieces of each
    token, (tokens,). `indices`: the rows of `pieces` that belong to each token in turn, (sum of
    lengths,). `unknown`: how many pieces the tokenizer had no entry for.
    """

    pieces: Floats
    indices: Ints
    lengths: Ints
    unknown: int = 0
    _pooled: dict[str, Floats] = field(default_factory=dict)

    def has(self, pooling: Model[Any, Any]) -> bool:
        """Say whether the tokens' vectors under this pooling are already known."""
        return pooling.name in self._pooled

    def vectors(self, pooling: Model[Any, Any]) -> Floats:
        """Return the tokens' vectors, (tokens, width)."""
        return self._pooled[pooling.name]

    @property
    def align(self) -> Ragged:
        """Return which of the pieces belong to each token, as spacy-transformers names it."""
        return Ragged(self.indices, self.lengths)  # type: ignore[arg-type]

    @property
    def last_hidden_layer_state(self) -> Ragged:
        """Return the pieces' vectors token by token, as spacy-curated-transformers names it."""
        return Ragged(self.pieces[self.indices], self.lengths)  # type: ignore[arg-type]

    @property
    def width(self) -> int:
        """Return the width of a vector."""
        return int(self.pieces.shape[1])

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - it never returns
        """Say what a bundle does not keep of what the original has here."""
        here = "only the last layer: pieces, align, last_hidden_layer_state and width"
        raise AttributeError(f"doc._.trf_data of a bundle has no {name!r}: the encoder gives {here}")

    @staticmethod
    def pool(outputs: Sequence[TransformerOutput], pooling: Model[Any, Any]) -> None:
        """Pool the pieces of several documents into token vectors, in one call of the layer.

        A token without pieces (white space, say) gets zeros. A document no piece of which aligns has
        one row of zeros a token, so that poolings which refuse an empty token (the maximum) still
        answer, as the original's do.
        """
        sizes = [len(output.indices) or len(output.lengths) for output in outputs]
        rows = np.zeros((sum(sizes), outputs[0].pieces.shape[1]), dtype=np.float32)
        start = 0
        for output, size in zip(outputs, sizes, strict=True):
            if len(output.indices):
                np.take(output.pieces, output.indices, axis=0, out=rows[start : start + size], mode="clip")
            start += size
        lengths = np.concatenate(
            [output.lengths if len(output.indices) else np.ones_like(output.lengths) for output in outputs]
        )
        pooled = pooling.predict(Ragged(rows, lengths))  # type: ignore[arg-type]
        start = 0
        for output in outputs:
            end = start + len(output.lengths)
            output._pooled[pooling.name] = pooled[start:end]  # noqa: SLF001 - this class's own
            start = end
