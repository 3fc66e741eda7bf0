"""The settings of a DistilBERT that decide its graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nimbus.compile.architectures.encoder import ACTIVATIONS
from nimbus.compile.architectures.layout import Sizes
from nimbus.compile.architectures.reading import check_heads, choice, number

_EPSILON = 1e-12  # fixed in the original


def check(config: Mapping[str, Any]) -> Sizes:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    width, heads = number(config, "dim"), number(config, "n_heads")
    check_heads(width, heads)
    return Sizes(
        vocabulary=number(config, "vocab_size"),
        embedding_width=width,
        width=width,
        inner_width=number(config, "hidden_dim"),
        layers=number(config, "n_layers"),
        heads=heads,
        positions=number(config, "max_position_embeddings"),
        token_types=0,
        epsilon=_EPSILON,
        activation=str(choice(config, "activation", sorted(ACTIVATIONS), "gelu")),
    )
