"""MPNet: attention knows the distance between pieces."""

from __future__ import annotations

from nimbus.compile.architectures.mpnet.config import check
from nimbus.compile.architectures.mpnet.graph import encoder

__all__ = ["check", "encoder"]
