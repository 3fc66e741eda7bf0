"""ELECTRA: a BERT whose embeddings may have a width of their own."""

from __future__ import annotations

from nimbus.compile.architectures.electra.config import check
from nimbus.compile.architectures.electra.graph import encoder

__all__ = ["check", "encoder"]
