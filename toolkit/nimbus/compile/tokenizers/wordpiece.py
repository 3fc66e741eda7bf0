"""WordPiece, as BERT has it: cased or lower-cased, with or without accents."""

from __future__ import annotations

from typing import Any

# tokenizer_config.json's name -> (the normalizer's name, its default): transformers lets the first win on loading.
_OVERRIDES = {
    "do_lower_case": ("lowercase", True),
    "strip_accents": ("strip_accents", None),
    "tokenize_chinese_chars": ("handle_chinese_chars", True),
}


def normalised(tokenizer: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the tokenizer.json that transformers would run, given both saved files."""
    normalizer = tokenizer.get("normalizer")
    bert_class = str(config.get("tokenizer_class", "BertTokenizer")).removesuffix("Fast") == "BertTokenizer"
    if not bert_class or not isinstance(normalizer, dict) or normalizer.get("type") != "BertNormalizer":
        return tokenizer
    changed = {own_name: config.get(name, default) for name, (own_name, default) in _OVERRIDES.items()}
    return {**tokenizer, "normalizer": {**normalizer, **changed}}
