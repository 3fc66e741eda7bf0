"""BERT: MiniLM and most sentence encoders have its shape too."""

from __future__ import annotations

from nimbus.compile.architectures.bert.config import check
from nimbus.compile.architectures.bert.graph import encoder

__all__ = ["check", "encoder"]
