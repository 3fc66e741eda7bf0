"""A BERT's weights as the shared post-norm encoder."""

from __future__ import annotations

from collections.abc import Mapping

from nimbus.compile.architectures.bert import weights as names
from nimbus.compile.architectures.bert.config import BertConfig
from nimbus.compile.architectures.encoder import Array, Dense, Layer, Norm, PostNormEncoder
from nimbus.compile.architectures.reading import take


def encoder(config: BertConfig, weights: Mapping[str, Array]) -> PostNormEncoder:
    """Take every weight by name and shape. All tokens are of type 0, as spaCy's stacks have it."""
    weights = {name.removeprefix(names.PREFIX): value for name, value in weights.items()}
    width, inner = config.width, config.inner_width

    def dense(name: str, outputs: int, inputs: int) -> Dense:
        return Dense(take(weights, f"{name}.weight", (outputs, inputs)), take(weights, f"{name}.bias", (outputs,)))

    def norm(name: str) -> Norm:
        return Norm(take(weights, f"{name}.weight", (width,)), take(weights, f"{name}.bias", (width,)))

    def layer(number: int) -> Layer:
        prefix = names.LAYER.format(number=number)
        return Layer(
            query=dense(prefix + names.QUERY, width, width),
            key=dense(prefix + names.KEY, width, width),
            value=dense(prefix + names.VALUE, width, width),
            attention_out=dense(prefix + names.ATTENTION_OUT, width, width),
            attention_norm=norm(prefix + names.ATTENTION_NORM),
            up=dense(prefix + names.UP, inner, width),
            down=dense(prefix + names.DOWN, width, inner),
            output_norm=norm(prefix + names.OUTPUT_NORM),
        )

    positions = take(weights, names.POSITIONS, (config.positions, width))
    token_types = take(weights, names.TOKEN_TYPES, (config.token_types, width))
    return PostNormEncoder(
        words=take(weights, names.WORDS, (config.vocabulary, width)),
        positions=positions + token_types[0],
        embedding_norm=norm(names.EMBEDDING_NORM),
        layers=tuple(layer(number) for number in range(config.layers)),
        heads=config.heads,
        epsilon=config.epsilon,
        activation=config.activation,
    )
