"""The settings of an MPNet that decide its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nimbus.compile.architectures.bert import config as bert
from nimbus.compile.architectures.layout import Sizes
from nimbus.compile.architectures.reading import number

_PADDING = 1  # fixed in the original
_NO_TOKEN_TYPES = 0


@dataclass(frozen=True, slots=True)
class MpnetConfig:
    """An MPNet: `buckets` is how many classes of distances its attention tells apart."""

    sizes: Sizes
    buckets: int


def check(config: Mapping[str, Any]) -> MpnetConfig:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    sizes = bert.check({"type_vocab_size": 1, **config})
    return MpnetConfig(
        replace(sizes, token_types=_NO_TOKEN_TYPES, padding=_PADDING),
        number(config, "relative_attention_num_buckets", default=32),
    )
