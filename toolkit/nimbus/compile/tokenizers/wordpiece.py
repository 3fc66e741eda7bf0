"""WordPiece, as BERT, ELECTRA, DistilBERT and MPNet have it: cased or lower-cased, with or without accents."""

from __future__ import annotations

from typing import Any

# tokenizer_config.json's name -> (the normalizer's name, its default): transformers lets the first win on loading.
_OVERRIDES = {
    "do_lower_case": ("lowercase", True),
    "strip_accents": ("strip_accents", None),
    "tokenize_chinese_chars": ("handle_chinese_chars", True),
}
# The classes of transformers that do so, and for which settings.
_CLASSES = {
    **dict.fromkeys(("BertTokenizer", "ElectraTokenizer", "DistilBertTokenizer"), tuple(_OVERRIDES)),
    "MPNetTokenizer": ("do_lower_case", "strip_accents"),
}


def normalised(tokenizer: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the tokenizer.json that transformers would run, given both saved files."""
    normalizer = tokenizer.get("normalizer")
    family = str(config.get("tokenizer_class", "BertTokenizer")).removesuffix("Fast")
    if family not in _CLASSES or not isinstance(normalizer, dict) or normalizer.get("type") != "BertNormalizer":
        return tokenizer
    changed = {
        own: config.get(name, default) for name, (own, default) in _OVERRIDES.items() if name in _CLASSES[family]
    }
    return {**tokenizer, "normalizer": {**normalizer, **changed}}
