"""What a stack's reader returns: a transformer that has been checked, and what a bundle is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nimbus.compile.architectures.encoder import EncoderParts
    from nimbus.compile.tokenizers.parts import TokenizerParts
    from nimbus_runtime.contract.bundle import Precision


@dataclass(frozen=True, slots=True)
class TransformerParts:
    """A transformer component ready to be saved: encoder, tokenizer, and the runtime's settings for it."""

    encoder: EncoderParts
    tokenizer: TokenizerParts
    settings: dict[str, Any]


class SavedTransformer(Protocol):
    """A transformer component that compiles, as far as settings, files, names and shapes tell."""

    def parts(self, precision: Precision) -> TransformerParts:
        """Read the weights and write the graph; refuse weights that are damaged or not finite."""
        ...
