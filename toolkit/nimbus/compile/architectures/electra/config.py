"""The settings of an ELECTRA that decide its graph: a BERT's, and the width of its embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nimbus.compile.architectures.bert import config as bert
from nimbus.compile.architectures.layout import Sizes
from nimbus.compile.architectures.reading import number


def check(config: Mapping[str, Any]) -> Sizes:
    """Read a saved Hugging Face configuration and refuse what the graph does not have."""
    return replace(bert.check(config), embedding_width=number(config, "embedding_size"))
