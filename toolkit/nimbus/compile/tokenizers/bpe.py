"""Byte-level BPE, as GPT-2 introduced it and RoBERTa has it."""

from __future__ import annotations

from typing import Any

_TRIMS = "Roberta"  # the classes whose settings win over the post-processor's


def normalised(tokenizer: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the tokenizer.json that transformers would run, given both saved files."""
    prefix = bool(config.get("add_prefix_space", False))
    changed = {"pre_tokenizer": {"add_prefix_space": prefix}}
    if str(config.get("tokenizer_class", "")).startswith(_TRIMS):
        trims = bool(config.get("trim_offsets", True))
        changed["post_processor"] = {"add_prefix_space": prefix, "trim_offsets": trims}
    return {**tokenizer, **{part: _changed(tokenizer[part], new) for part, new in changed.items() if part in tokenizer}}


def _changed(part: object, new: dict[str, bool]) -> object:
    """Return a part of the tokenizer with those settings changed that it has."""
    return {key: new.get(key, value) for key, value in part.items()} if isinstance(part, dict) else part
