"""The settings of a BERT that decide its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nimbus.compile.architectures.encoder import ACTIVATIONS
from nimbus.compile.architectures.reading import choice, fraction, number
from nimbus.compile.errors import CompileRefusedError


@dataclass(frozen=True, slots=True)
class BertConfig:
    """Sizes and choices; lengths in pieces."""

    vocabulary: int
    width: int
    inner_width: int
    layers: int
    heads: int
    positions: int
    token_types: int
    epsilon: float
    activation: str


def check(config: Mapping[str, Any]) -> BertConfig:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    choice(config, "position_embedding_type", ["absolute"], "absolute")
    choice(config, "is_decoder", [False], default=False)
    choice(config, "add_cross_attention", [False], default=False)
    width, heads = number(config, "hidden_size"), number(config, "num_attention_heads")
    if width % heads:
        raise CompileRefusedError(
            "the encoder's width is not a multiple of its attention heads",
            got=f"hidden_size {width}, num_attention_heads {heads}",
            remedy="save the pipeline again where it was trained",
        )
    return BertConfig(
        vocabulary=number(config, "vocab_size"),
        width=width,
        inner_width=number(config, "intermediate_size"),
        layers=number(config, "num_hidden_layers"),
        heads=heads,
        positions=number(config, "max_position_embeddings"),
        token_types=number(config, "type_vocab_size"),
        epsilon=fraction(config, "layer_norm_eps", 1e-12),
        activation=str(choice(config, "hidden_act", sorted(ACTIVATIONS), "gelu")),
    )
