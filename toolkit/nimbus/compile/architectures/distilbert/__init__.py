"""DistilBERT: a BERT without token types, under other names."""

from __future__ import annotations

from nimbus.compile.architectures.distilbert.config import check
from nimbus.compile.architectures.distilbert.graph import encoder

__all__ = ["check", "encoder"]
