"""The names of a BERT's weights in a saved state dict."""

from __future__ import annotations

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
TOKEN_TYPES = "embeddings.token_type_embeddings.weight"
EMBEDDING_NORM = "embeddings.LayerNorm"

# A part of a layer -> its name in the state dict, after "encoder.layer.<number>."
QUERY = "attention.self.query"
KEY = "attention.self.key"
VALUE = "attention.self.value"
ATTENTION_OUT = "attention.output.dense"
ATTENTION_NORM = "attention.output.LayerNorm"
UP = "intermediate.dense"
DOWN = "output.dense"
OUTPUT_NORM = "output.LayerNorm"

LAYER = "encoder.layer.{number}."

# A model saved with a task's head has the encoder below this name.
PREFIX = "bert."
