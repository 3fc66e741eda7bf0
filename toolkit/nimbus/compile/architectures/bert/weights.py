"""The names of a BERT's weights in a saved state dict."""

from __future__ import annotations

from nimbus.compile.architectures.layout import LayerNames, Names

NAMES = Names(
    prefix="bert.",
    words="embeddings.word_embeddings.weight",
    positions="embeddings.position_embeddings.weight",
    type_embeddings="embeddings.token_type_embeddings.weight",
    embedding_norm="embeddings.LayerNorm",
    projection="embeddings_project",
    layer="encoder.layer.{}.",
    parts=LayerNames(
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        attention_out="attention.output.dense",
        attention_norm="attention.output.LayerNorm",
        up="intermediate.dense",
        down="output.dense",
        output_norm="output.LayerNorm",
    ),
)
