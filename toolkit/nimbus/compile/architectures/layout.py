"""How a saved encoder is laid out: its sizes, the names of its weights, and where each goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nimbus.compile.architectures.encoder import Array, Dense, Embeddings, Layer, Norm, PostNormEncoder
from nimbus.compile.architectures.reading import take


@dataclass(frozen=True, slots=True)
class Sizes:
    """The settings that decide a graph; lengths in pieces.

    `embedding_width` differs from `width` where embeddings are projected; `token_types` is 0 where
    a family has none; `padding` is the number of the padding piece where positions skip it.
    """

    vocabulary: int
    embedding_width: int
    width: int
    inner_width: int
    layers: int
    heads: int
    positions: int
    token_types: int
    epsilon: float
    activation: str
    padding: int | None = None


@dataclass(frozen=True, slots=True)
class LayerNames:
    """The names of a layer's weights, after the layer's own prefix."""

    query: str
    key: str
    value: str
    attention_out: str
    attention_norm: str
    up: str
    down: str
    output_norm: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names of an encoder's weights in a saved state dict.

    `prefix` stands before all of them in a model that was saved with a task's head; `projection` is
    looked for where embeddings have a width of their own; `layer` is the prefix of a layer by number.
    """

    prefix: str
    words: str
    positions: str
    type_embeddings: str
    embedding_norm: str
    projection: str
    layer: str
    parts: LayerNames


class SavedWeights:
    """A state dict, read in pieces that are checked by name and shape."""

    def __init__(self, weights: Mapping[str, Array], names: Names, sizes: Sizes) -> None:
        """Read `weights` as `names` and `sizes` have them."""
        self._weights = {name.removeprefix(names.prefix): value for name, value in weights.items()}
        self._names = names
        self._sizes = sizes

    def array(self, name: str, *shape: int) -> Array:
        """Return one weight."""
        return take(self._weights, name, shape)

    def dense(self, name: str, outputs: int, inputs: int) -> Dense:
        """Return a linear map."""
        return Dense(self.array(f"{name}.weight", outputs, inputs), self.array(f"{name}.bias", outputs))

    def norm(self, name: str, width: int) -> Norm:
        """Return a layer normalisation."""
        return Norm(self.array(f"{name}.weight", width), self.array(f"{name}.bias", width))

    def embeddings(self) -> Embeddings:
        """Return the embeddings. All tokens are of type 0, as spaCy's stacks have it."""
        names, sizes = self._names, self._sizes
        width = sizes.embedding_width
        positions = self.array(names.positions, sizes.positions, width)
        if sizes.token_types:
            positions = positions + self.array(names.type_embeddings, sizes.token_types, width)[0]
        return Embeddings(
            words=self.array(names.words, sizes.vocabulary, width),
            positions=positions,
            norm=self.norm(names.embedding_norm, width),
            padding=sizes.padding,
            projection=None if width == sizes.width else self.dense(names.projection, sizes.width, width),
        )

    def layer(self, *place: int) -> Layer:
        """Return the layer that is saved under a number, or under several that nest."""
        parts, width, inner = self._names.parts, self._sizes.width, self._sizes.inner_width
        prefix = self._names.layer.format(*place)
        return Layer(
            name="layer" + "_".join(map(str, place)),
            query=self.dense(prefix + parts.query, width, width),
            key=self.dense(prefix + parts.key, width, width),
            value=self.dense(prefix + parts.value, width, width),
            attention_out=self.dense(prefix + parts.attention_out, width, width),
            attention_norm=self.norm(prefix + parts.attention_norm, width),
            up=self.dense(prefix + parts.up, inner, width),
            down=self.dense(prefix + parts.down, width, inner),
            output_norm=self.norm(prefix + parts.output_norm, width),
        )


def plain_encoder(sizes: Sizes, names: Names, weights: Mapping[str, Array]) -> PostNormEncoder:
    """Take an encoder whose layers follow each other, each with weights of its own."""
    saved = SavedWeights(weights, names, sizes)
    return PostNormEncoder(
        embeddings=saved.embeddings(),
        layers=tuple(saved.layer(number) for number in range(sizes.layers)),
        heads=sizes.heads,
        epsilon=sizes.epsilon,
        activation=sizes.activation,
    )
