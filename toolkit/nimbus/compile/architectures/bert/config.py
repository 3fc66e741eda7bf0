"""The settings of a BERT that decide its graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nimbus.compile.architectures.encoder import ACTIVATIONS
from nimbus.compile.architectures.layout import Sizes
from nimbus.compile.architectures.reading import check_heads, choice, fraction, number


def check(config: Mapping[str, Any]) -> Sizes:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    choice(config, "position_embedding_type", ["absolute"], "absolute")
    choice(config, "is_decoder", [False], default=False)
    choice(config, "add_cross_attention", [False], default=False)
    width, heads = number(config, "hidden_size"), number(config, "num_attention_heads")
    check_heads(width, heads)
    return Sizes(
        vocabulary=number(config, "vocab_size"),
        embedding_width=width,
        width=width,
        inner_width=number(config, "intermediate_size"),
        layers=number(config, "num_hidden_layers"),
        heads=heads,
        positions=number(config, "max_position_embeddings"),
        token_types=number(config, "type_vocab_size"),
        epsilon=fraction(config, "layer_norm_eps", 1e-12),
        activation=str(choice(config, "hidden_act", sorted(ACTIVATIONS), "gelu")),
    )
