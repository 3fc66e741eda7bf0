"""What a stack's reader returns: a transformer that has been checked, and what a bundle is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nimbus.compile.architectures.encoder import EncoderParts
    from nimbus.compile.tokenizers.parts import TokenizerParts
    from nimbus_runtime.contract.bundle import Precision


@dataclass(frozen=True, slots=True)
class OwnLayer:
    """The layer that stands in a head where its own transformer stood.

    `place`: the keys that lead to it in the head's settings; `tree`: which layers it was trained with.
    """

    place: tuple[str, ...]
    tree: str
    pooling: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TransformerParts:
    """A transformer ready to be saved: encoder, tokenizer, and the runtime's settings for it.

    `own` is set for one that was found in a head.
    """

    encoder: EncoderParts
    tokenizer: TokenizerParts
    settings: dict[str, Any]
    own: OwnLayer | None = None


class SavedTransformer(Protocol):
    """A transformer component that compiles, as far as settings, files, names and shapes tell."""

    def parts(self, precision: Precision) -> TransformerParts:
        """Read the weights and write the graph; refuse weights that are damaged or not finite."""
        ...
