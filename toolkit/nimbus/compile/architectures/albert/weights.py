"""The names of an ALBERT's weights in a saved state dict: layers nest in groups."""

from __future__ import annotations

from nimbus.compile.architectures.layout import LayerNames, Names

NAMES = Names(
    prefix="albert.",
    words="embeddings.word_embeddings.weight",
    positions="embeddings.position_embeddings.weight",
    type_embeddings="embeddings.token_type_embeddings.weight",
    embedding_norm="embeddings.LayerNorm",
    projection="encoder.embedding_hidden_mapping_in",
    layer="encoder.albert_layer_groups.{}.albert_layers.{}.",
    parts=LayerNames(
        query="attention.query",
        key="attention.key",
        value="attention.value",
        attention_out="attention.dense",
        attention_norm="attention.LayerNorm",
        up="ffn",
        down="ffn_output",
        output_norm="full_layer_layer_norm",
    ),
)
