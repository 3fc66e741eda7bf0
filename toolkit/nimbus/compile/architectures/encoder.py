"""What an encoder is made of, and the graph that most families share.

The shared graph is the encoder of "Attention is all you need" with the normalisation after each
residual (post-norm), as BERT and its descendants have it. Families differ in how they count
positions, in the width of their embeddings, in which layers share weights, and in whether
attention knows the distance between pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nimbus.compile.graph import MICROSOFT, FinishedGraph, Graph
from nimbus.compile.precision import Products, products
from nimbus_runtime.contract.bundle import Precision
from nimbus_runtime.encoder import INPUT

Array = npt.NDArray[Any]
_INT32 = 6  # of onnx.TensorProto.DataType


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
    """The weights of one post-norm layer. Layers of the same `name` share their matrices."""

    name: str
    query: Dense
    key: Dense
    value: Dense
    attention_out: Dense
    attention_norm: Norm
    up: Dense
    down: Dense
    output_norm: Norm


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What stands for the pieces before the first layer.

    `words`: (vocabulary, width); `positions`: one row a position, all fixed summands added in. Where
    `padding` is a piece's number, positions are counted from the row after it and over all other
    pieces, as RoBERTa does; else from the first row. `projection` leads to the layers' width.
    """

    words: Array
    positions: Array
    norm: Norm
    padding: int | None = None
    projection: Dense | None = None

    @property
    def longest(self) -> int:
        """Return the longest sequence in pieces that there are positions for."""
        return len(self.positions) - (0 if self.padding is None else self.padding + 1)

    def shifted(self, shift: Array) -> Embeddings:
        """Return embeddings whose result is larger by `shift`."""
        if self.projection is None:
            return replace(self, norm=_shifted(self.norm, shift))
        return replace(self, projection=Dense(self.projection.weight, self.projection.bias + shift))


@dataclass(frozen=True, slots=True)
class PostNormEncoder:
    """Embeddings and layers.

    `distances`, where a family has it, is what is added to a head's attention for the distance from
    one piece to another: (heads, 2 * longest sequence - 1), beginning at the most negative distance.
    """

    embeddings: Embeddings
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    activation: str
    distances: Array | None = None

    def parts(self, precision: Precision) -> EncoderParts:
        """Write the graph."""
        graph, width = Graph(), len(self.layers[0].output_norm.gain)
        by = products(precision, graph, width)
        folded = self._without_shifts(by)._with_folded_biases()  # noqa: SLF001 - this class's own
        state = by.flat(folded._embed(graph))  # noqa: SLF001
        distances = folded._attention_bias(graph)  # noqa: SLF001
        for number, layer in enumerate(folded.layers):
            state = folded._layer(graph, by, state, layer, f"layer{number}", distances=distances)  # noqa: SLF001
        matrices = sum(
            dense.weight.size
            for layer in self.layers
            for dense in (layer.query, layer.key, layer.value, layer.attention_out, layer.up, layer.down)
        )
        return EncoderParts(
            graph.finish("encoder", by.by_sequence(state), width), width, self.embeddings.longest, 2e-6 * matrices
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
        embeddings = self.embeddings
        layers: list[Layer] = []
        for layer in self.layers:
            shift = layer.attention_out.bias
            if layers:
                layers[-1] = replace(layers[-1], output_norm=_shifted(layers[-1].output_norm, shift))
            else:
                embeddings = embeddings.shifted(shift)
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
        return replace(self, embeddings=embeddings, layers=tuple(layers))

    def _embed(self, graph: Graph) -> str:
        embeddings = self.embeddings
        words = graph.node("Gather", [graph.weight("words", embeddings.words), INPUT], axis=0)
        table = graph.weight("positions", embeddings.positions)
        if embeddings.padding is None:
            positions = graph.node("Slice", [table, graph.numbers(0), _length(graph), graph.numbers(0)])
        else:
            positions = graph.node("Gather", [table, _counted(graph, embeddings.padding)], axis=0)
        state = self._norm(graph, graph.node("Add", [words, positions]), embeddings.norm, "embedding_norm")
        if embeddings.projection is None:
            return state
        weight = graph.weight("projection", embeddings.projection.weight.T)
        bias = graph.weight("projection_bias", embeddings.projection.bias)
        return graph.node("Add", [graph.node("MatMul", [state, weight]), bias])

    def _attention_bias(self, graph: Graph) -> str:
        """Return what is added to attention for distances, (1, heads, pieces, pieces), or no name."""
        if self.distances is None:
            return ""
        length = graph.node("Squeeze", [_length(graph)])
        places = graph.node("Range", [graph.whole(0), length, graph.whole(1)])
        rows = graph.node("Unsqueeze", [places, graph.numbers(1)])
        apart = graph.node("Sub", [graph.node("Unsqueeze", [places, graph.numbers(0)]), rows])
        numbers = graph.node("Add", [apart, graph.whole(self.distances.shape[1] // 2)])
        bias = graph.node("Gather", [graph.weight("distances", self.distances), numbers], axis=1)
        return graph.node("Unsqueeze", [bias, graph.numbers(0)])

    def _layer(  # noqa: PLR0913 - the graph so far, and what of the encoder is added to it
        self, graph: Graph, by: Products, state: str, layer: Layer, name: str, *, distances: str
    ) -> str:
        parts = (("query", layer.query), ("key", layer.key), ("value", layer.value))
        qkv = [by.by_sequence(by.product(state, f"{layer.name}.{part}", dense.weight)) for part, dense in parts]
        bias = np.concatenate([dense.bias for _, dense in parts])
        attended = graph.node(
            "MultiHeadAttention",
            [*qkv, graph.weight(f"{name}.attention_bias", bias), *(["", distances] if distances else [])],
            domain=MICROSOFT,
            num_heads=self.heads,
        )
        out = by.product(by.flat(attended), f"{layer.name}.attention_out", layer.attention_out.weight)
        state = self._norm(graph, graph.node("Add", [out, state]), layer.attention_norm, f"{name}.attention_norm")
        up = by.product(state, f"{layer.name}.up", layer.up.weight)
        active = ACTIVATIONS[self.activation](graph, up, graph.weight(f"{name}.up_bias", layer.up.bias))
        down = by.product(active, f"{layer.name}.down", layer.down.weight, LOWEST[self.activation])
        return self._norm(graph, graph.node("Add", [down, state]), layer.output_norm, f"{name}.output_norm")

    def _norm(self, graph: Graph, state: str, norm: Norm, name: str) -> str:
        weights = [graph.weight(f"{name}.gain", norm.gain), graph.weight(f"{name}.bias", norm.bias)]
        return graph.node("LayerNormalization", [state, *weights], axis=-1, epsilon=self.epsilon)


def _shifted(norm: Norm, shift: Array) -> Norm:
    return Norm(norm.gain, norm.bias + shift)


def _unshifted(dense: Dense, shift: Array) -> Dense:
    bias = dense.bias.astype(np.float64) - dense.weight.astype(np.float64) @ shift.astype(np.float64)
    return Dense(dense.weight, bias.astype(np.float32))


def _length(graph: Graph) -> str:
    """Return how many pieces a sequence of this call has, (1,)."""
    return graph.node("Slice", [graph.node("Shape", [INPUT]), graph.numbers(1), graph.numbers(2)])


def _counted(graph: Graph, padding: int) -> str:
    """Return the position of each piece, counted from the one after `padding`; a padding piece stays there itself."""
    other = graph.node("Cast", [graph.node("Not", [graph.node("Equal", [INPUT, graph.small(padding)])])], to=_INT32)
    counted = graph.node("Mul", [graph.node("CumSum", [other, graph.small(1)]), other])
    return graph.node("Add", [counted, graph.small(padding)])


def _gelu(graph: Graph, value: str, bias: str) -> str:
    return graph.node("BiasGelu", [value, bias], domain=MICROSOFT)


def _tanh_gelu(graph: Graph, value: str, bias: str) -> str:
    return graph.node("FastGelu", [value, bias], domain=MICROSOFT)


def _relu(graph: Graph, value: str, bias: str) -> str:
    return graph.node("Relu", [graph.node("Add", [value, bias])])


def _silu(graph: Graph, value: str, bias: str) -> str:
    value = graph.node("Add", [value, bias])
    return graph.node("Mul", [value, graph.node("Sigmoid", [value])])


# Hugging Face's name of an activation -> the operators that add the bias and apply it.
ACTIVATIONS = {
    **dict.fromkeys(("gelu", "gelu_python"), _gelu),
    **dict.fromkeys(("gelu_new", "gelu_fast", "gelu_pytorch_tanh"), _tanh_gelu),
    "relu": _relu,
    **dict.fromkeys(("silu", "swish"), _silu),
}

# What each never falls below.
_LOWEST = {_gelu: -0.16997122, _tanh_gelu: -0.17004080, _relu: 0.0, _silu: -0.27846455}
LOWEST = {name: _LOWEST[operators] for name, operators in ACTIVATIONS.items()}
