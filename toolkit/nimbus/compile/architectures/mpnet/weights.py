"""The names of an MPNet's weights in a saved state dict."""

from __future__ import annotations

from nimbus.compile.architectures.layout import LayerNames, Names

DISTANCES = "encoder.relative_attention_bias.weight"
NAMES = Names(
    prefix="mpnet.",
    words="embeddings.word_embeddings.weight",
    positions="embeddings.position_embeddings.weight",
    type_embeddings="",  # it has none
    embedding_norm="embeddings.LayerNorm",
    projection="",  # its embeddings are as wide as its layers
    layer="encoder.layer.{}.",
    parts=LayerNames(
        query="attention.attn.q",
        key="attention.attn.k",
        value="attention.attn.v",
        attention_out="attention.attn.o",
        attention_norm="attention.LayerNorm",
        up="intermediate.dense",
        down="output.dense",
        output_norm="output.LayerNorm",
    ),
)
