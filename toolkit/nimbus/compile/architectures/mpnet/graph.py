"""An MPNet's weights as the shared post-norm encoder, with a table of what distances add to attention."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nimbus.compile.architectures.encoder import Array, PostNormEncoder
from nimbus.compile.architectures.layout import SavedWeights, plain_encoder
from nimbus.compile.architectures.mpnet.config import MpnetConfig
from nimbus.compile.architectures.mpnet.weights import DISTANCES, NAMES

_FARTHEST = 128  # distances beyond share a bucket


def encoder(config: MpnetConfig, weights: Mapping[str, Array]) -> PostNormEncoder:
    """Take every weight by name and shape."""
    sizes = config.sizes
    table = SavedWeights(weights, NAMES, sizes).array(DISTANCES, config.buckets, sizes.heads)
    plain = plain_encoder(sizes, NAMES, weights)
    return replace(plain, distances=table[_buckets(config.buckets, plain.embeddings.longest)].T)


def _buckets(count: int, longest: int) -> Array:
    """Return the bucket of each distance, from the most negative to the largest.

    Half of the buckets are for what lies before a piece. Of each half, half are single distances, and
    the others grow with the logarithm of the distance; in float32, as the original rounds.
    """
    distances = np.arange(-longest + 1, longest)
    half = count // 2
    single = half // 2
    far = np.maximum(np.abs(distances), 1).astype(np.float32)
    steps = np.log(far / np.float32(single)) / np.float32(math.log(_FARTHEST / single)) * np.float32(half - single)
    grown = np.minimum(single + steps.astype(np.int64), half - 1)
    within: Array = np.where(np.abs(distances) < single, np.abs(distances), grown)
    return within + np.where(distances > 0, half, 0)
