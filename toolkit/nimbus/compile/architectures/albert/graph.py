"""An ALBERT's weights as the shared post-norm encoder: a layer is taken once and runs several times."""

from __future__ import annotations

from collections.abc import Mapping

from nimbus.compile.architectures.albert.config import AlbertConfig
from nimbus.compile.architectures.albert.weights import NAMES
from nimbus.compile.architectures.encoder import Array, PostNormEncoder
from nimbus.compile.architectures.layout import Names, SavedWeights


def encoder(config: AlbertConfig, weights: Mapping[str, Array], names: Names = NAMES) -> PostNormEncoder:
    """Take every weight by name and shape."""
    sizes = config.sizes
    saved = SavedWeights(weights, names, sizes)
    groups = [[saved.layer(group, inner) for inner in range(config.inner)] for group in range(config.groups)]
    return PostNormEncoder(
        embeddings=saved.embeddings(),
        layers=tuple(
            layer for number in range(sizes.layers) for layer in groups[int(number / (sizes.layers / config.groups))]
        ),
        heads=sizes.heads,
        epsilon=sizes.epsilon,
        activation=sizes.activation,
    )
