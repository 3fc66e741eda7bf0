"""Byte-level BPE, as GPT-2 introduced it and RoBERTa has it."""

from __future__ import annotations

import copy
from typing import Any

_TRIMS = "Roberta"  # the classes whose settings win over the post-processor's


def normalised(tokenizer: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the tokenizer.json that transformers would run, given both saved files."""
    changed = copy.deepcopy(tokenizer)
    prefix = bool(config.get("add_prefix_space", False))
    first = changed.get("pre_tokenizer")
    if isinstance(first, dict) and "add_prefix_space" in first:
        first["add_prefix_space"] = prefix
    last = changed.get("post_processor")
    if isinstance(last, dict) and str(config.get("tokenizer_class", "")).startswith(_TRIMS):
        for name, value in (("add_prefix_space", prefix), ("trim_offsets", bool(config.get("trim_offsets", True)))):
            if name in last:
                last[name] = value
    return changed
