"""RoBERTa; XLM-R and CamemBERT have its shape too."""

from __future__ import annotations

from nimbus.compile.architectures.roberta.config import check
from nimbus.compile.architectures.roberta.graph import encoder

__all__ = ["check", "encoder"]
