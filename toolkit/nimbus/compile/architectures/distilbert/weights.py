"""The names of a DistilBERT's weights in a saved state dict."""

from __future__ import annotations

from nimbus.compile.architectures.layout import LayerNames, Names

NAMES = Names(
    prefix="distilbert.",
    words="embeddings.word_embeddings.weight",
    positions="embeddings.position_embeddings.weight",
    type_embeddings="",  # it has none
    embedding_norm="embeddings.LayerNorm",
    projection="",  # its embeddings are as wide as its layers
    layer="transformer.layer.{}.",
    parts=LayerNames(
        query="attention.q_lin",
        key="attention.k_lin",
        value="attention.v_lin",
        attention_out="attention.out_lin",
        attention_norm="sa_layer_norm",
        up="ffn.lin1",
        down="ffn.lin2",
        output_norm="output_layer_norm",
    ),
)
