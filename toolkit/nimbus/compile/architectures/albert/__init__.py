"""ALBERT: layers that share their weights, on narrow embeddings."""

from __future__ import annotations

from nimbus.compile.architectures.albert.config import check
from nimbus.compile.architectures.albert.graph import encoder

__all__ = ["check", "encoder"]
