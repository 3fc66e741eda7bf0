"""What a stack's reader returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nimbus.compile.architectures.encoder import EncoderParts
    from nimbus.compile.tokenizers.parts import TokenizerParts


@dataclass(frozen=True, slots=True)
class TransformerParts:
    """A transformer component ready to be saved: encoder, tokenizer, and the runtime's settings for it."""

    encoder: EncoderParts
    tokenizer: TokenizerParts
    settings: dict[str, Any]
