"""The settings of a RoBERTa that decide its graph: a BERT's, and where positions begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nimbus.compile.architectures.bert import config as bert
from nimbus.compile.architectures.layout import Sizes
from nimbus.compile.architectures.reading import number


def check(config: Mapping[str, Any]) -> Sizes:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    padding = number(config, "pad_token_id", default=1, lowest=0)
    return replace(bert.check(config), padding=padding)
