"""What an encoder is made of, and the graph that most families share.

The shared graph is the encoder of "Attention is all you need" with the normalisation after each
residual (post-norm), as BERT and its descendants have it. A family brings its embeddings and the
names of its weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nimbus.compile.graph import MICROSOFT, FinishedGraph, Graph
from nimbus.compile.precision import GELU_MINIMUM, Products, products
from nimbus_runtime.contract.bundle import Precision

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class EncoderParts:
    """An encoder ready to be saved.

    `max_positions` is the longest sequence in pieces; `megaflops_per_piece` the work a piece
    means in its matrix products, attention among pieces left out.
    """

    graph: FinishedGraph
    width: int
    max_positions: int
    megaflops_per_piece: float


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear map: `weight` is (out, in), `bias` (out,)."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer normalisation over the last axis."""

    gain: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one post-norm layer."""

    query: Dense
    key: Dense
    value: Dense
    attention_out: Dense
    attention_norm: Norm
    up: Dense
    down: Dense
    output_norm: Norm


@dataclass(frozen=True, slots=True)
class PostNormEncoder:
    """Embedding tables and layers. `positions` has one row a position, all fixed summands added in."""

    words: Array
    positions: Array
    embedding_norm: Norm
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    activation: str

    def parts(self, precision: Precision) -> EncoderParts:
        """Write the graph."""
        graph, width = Graph(), self.words.shape[1]
        by = products(precision, graph, width)
        folded = self._without_shifts(by)._with_folded_biases()  # noqa: SLF001 - this class's own
        state = by.flat(folded._embed(graph))  # noqa: SLF001
        for number, layer in enumerate(folded.layers):
            state = folded._layer(graph, by, state, layer, f"layer{number}")  # noqa: SLF001
        matrices = sum(
            dense.weight.size
            for layer in self.layers
            for dense in (layer.query, layer.key, layer.value, layer.attention_out, layer.up, layer.down)
        )
        return EncoderParts(
            graph.finish("encoder", by.by_sequence(state), width), width, len(self.positions), 2e-6 * matrices
        )

    def _without_shifts(self, by: Products) -> PostNormEncoder:
        """Take out of the biases what the products add because of the activation's lowest value."""
        lowest = LOWEST[self.activation]
        layers = (
            replace(layer, down=Dense(layer.down.weight, layer.down.bias - by.shift_of(layer.down.weight, lowest)))
            for layer in self.layers
        )
        return replace(self, layers=tuple(layers))

    def _with_folded_biases(self) -> PostNormEncoder:
        """Move each residual's bias into the normalisation before it.

        The sum that a normalisation sees stays the same; what else reads the shifted state takes
        the shift out of its own bias. This spares an addition over every vector, twice a layer.
        """
        embedding_norm = self.embedding_norm
        layers: list[Layer] = []
        for layer in self.layers:
            shift = layer.attention_out.bias
            if layers:
                layers[-1] = replace(layers[-1], output_norm=_shifted(layers[-1].output_norm, shift))
            else:
                embedding_norm = _shifted(embedding_norm, shift)
            layers.append(
                replace(
                    layer,
                    query=_unshifted(layer.query, shift),
                    key=_unshifted(layer.key, shift),
                    value=_unshifted(layer.value, shift),
                    attention_norm=_shifted(layer.attention_norm, layer.down.bias),
                    up=_unshifted(layer.up, layer.down.bias),
                )
            )
        return replace(self, embedding_norm=embedding_norm, layers=tuple(layers))

    def _embed(self, graph: Graph) -> str:
        words = graph.node("Gather", [graph.weight("words", self.words), "input_ids"], axis=0)
        length = graph.node("Slice", [graph.node("Shape", ["input_ids"]), graph.numbers(1), graph.numbers(2)])
        positions = graph.node(
            "Slice", [graph.weight("positions", self.positions), graph.numbers(0), length, graph.numbers(0)]
        )
        return self._norm(graph, graph.node("Add", [words, positions]), self.embedding_norm, "embedding_norm")

    def _layer(self, graph: Graph, by: Products, state: str, layer: Layer, name: str) -> str:
        parts = (("query", layer.query), ("key", layer.key), ("value", layer.value))
        qkv = [by.by_sequence(by.product(state, f"{name}.{part}", dense.weight)) for part, dense in parts]
        bias = np.concatenate([dense.bias for _, dense in parts])
        attended = graph.node(
            "MultiHeadAttention",
            [*qkv, graph.weight(f"{name}.attention_bias", bias)],
            domain=MICROSOFT,
            num_heads=self.heads,
        )
        out = by.product(by.flat(attended), f"{name}.attention_out", layer.attention_out.weight)
        state = self._norm(graph, graph.node("Add", [out, state]), layer.attention_norm, f"{name}.attention_norm")
        up = by.product(state, f"{name}.up", layer.up.weight)
        active = ACTIVATIONS[self.activation](graph, up, graph.weight(f"{name}.up_bias", layer.up.bias))
        down = by.product(active, f"{name}.down", layer.down.weight, LOWEST[self.activation])
        return self._norm(graph, graph.node("Add", [down, state]), layer.output_norm, f"{name}.output_norm")

    def _norm(self, graph: Graph, state: str, norm: Norm, name: str) -> str:
        weights = [graph.weight(f"{name}.gain", norm.gain), graph.weight(f"{name}.bias", norm.bias)]
        return graph.node("LayerNormalization", [state, *weights], axis=-1, epsilon=self.epsilon)


def _shifted(norm: Norm, shift: Array) -> Norm:
    return Norm(norm.gain, norm.bias + shift)


def _unshifted(dense: Dense, shift: Array) -> Dense:
    bias = dense.bias.astype(np.float64) - dense.weight.astype(np.float64) @ shift.astype(np.float64)
    return Dense(dense.weight, bias.astype(np.float32))


def _gelu(graph: Graph, value: str, bias: str) -> str:
    return graph.node("BiasGelu", [value, bias], domain=MICROSOFT)


def _tanh_gelu(graph: Graph, value: str, bias: str) -> str:
    return graph.node("FastGelu", [value, bias], domain=MICROSOFT)


def _relu(graph: Graph, value: str, bias: str) -> str:
    return graph.node("Relu", [graph.node("Add", [value, bias])])


# Hugging Face's name of an activation -> the operators that add the bias and apply it.
ACTIVATIONS = {"gelu": _gelu, "gelu_new": _tanh_gelu, "gelu_pytorch_tanh": _tanh_gelu, "relu": _relu}

# What each never falls below.
LOWEST = {"gelu": -GELU_MINIMUM, "gelu_new": -GELU_MINIMUM, "gelu_pytorch_tanh": -GELU_MINIMUM, "relu": 0.0}
