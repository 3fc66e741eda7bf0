"""An ELECTRA's weights as the shared post-norm encoder."""

from __future__ import annotations

from collections.abc import Mapping

from nimbus.compile.architectures.electra.weights import NAMES
from nimbus.compile.architectures.encoder import Array, PostNormEncoder
from nimbus.compile.architectures.layout import Names, Sizes, plain_encoder


def encoder(sizes: Sizes, weights: Mapping[str, Array], names: Names = NAMES) -> PostNormEncoder:
    """Take every weight by name and shape."""
    return plain_encoder(sizes, names, weights)
