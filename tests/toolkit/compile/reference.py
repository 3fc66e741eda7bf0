"""A BERT calculated plainly, as its paper has it, in float64: nothing fused, folded or shared."""

from __future__ import annotations

import math

import numpy as np
from tests.toolkit.compile import large, saved

_erf = np.vectorize(math.erf, otypes=[np.float64])


def vectors(shape: large.Shape, pieces: saved.Array) -> saved.Array:
    """Return the last layer's vectors of one sequence, (pieces, width)."""
    sizes = large.shapes(shape)

    def weight(name: str) -> saved.Array:
        return large.weight(name, sizes[name]).astype(np.float64)

    def dense(state: saved.Array, name: str) -> saved.Array:
        return np.asarray(state @ weight(f"{name}.weight").T + weight(f"{name}.bias"))

    def norm(state: saved.Array, name: str) -> saved.Array:
        centred = state - state.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return np.asarray(centred / spread * weight(f"{name}.weight") + weight(f"{name}.bias"))

    def attention(state: saved.Array, name: str) -> saved.Array:
        query, key, value = (
            dense(state, f"{name}.{part}").reshape(len(state), shape.heads, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(query.shape[2]))
        attended = scores / scores.sum(axis=2, keepdims=True) @ value
        return np.asarray(attended.swapaxes(0, 1).reshape(state.shape))

    words = large.rows("embeddings.word_embeddings.weight", sizes, pieces).astype(np.float64)
    state = words + weight("embeddings.position_embeddings.weight")[: len(pieces)]
    state = norm(state + weight("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        attended = dense(attention(state, f"{prefix}attention.self"), f"{prefix}attention.output.dense")
        state = norm(state + attended, f"{prefix}attention.output.LayerNorm")
        up = dense(state, f"{prefix}intermediate.dense")
        active = up * (1 + _erf(up / math.sqrt(2))) / 2
        state = norm(state + dense(active, f"{prefix}output.dense"), f"{prefix}output.LayerNorm")
    return state
