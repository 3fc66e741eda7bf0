"""BERT: MiniLM and most sentence encoders have its shape too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nimbus.compile.architectures.bert.config import check
from nimbus.compile.architectures.bert.graph import encoder
from nimbus.compile.architectures.encoder import Array, EncoderParts
from nimbus_runtime.contract.bundle import Precision


def build(config: Mapping[str, Any], weights: Mapping[str, Array], precision: Precision) -> EncoderParts:
    """Write the encoder of a BERT configuration and its weights."""
    return encoder(check(config), weights).parts("bert", precision)
