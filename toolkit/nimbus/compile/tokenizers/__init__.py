"""Tokenizer families: each checks what was saved and returns what a bundle carries.

Those of Hugging Face see a text and have a tokenizer.json; those of spacy-curated-transformers see one
token at a time (`words`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.tokenizers import bpe, unigram, wordpiece
from nimbus.compile.tokenizers.parts import TokenizerParts

# The type of the model in tokenizer.json -> the module that knows it.
FAMILIES = {"BPE": bpe, "Unigram": unigram, "WordPiece": wordpiece}


def read_tokenizer(files: Mapping[str, Any]) -> TokenizerParts:
    """Check the saved files of a Hugging Face tokenizer (name -> bytes)."""
    if "tokenizer.json" not in files:
        raise CompileRefusedError(
            "the transformer's tokenizer was saved in its slow form only",
            got=", ".join(sorted(name for name in files if name != "kwargs")) or "no files",
            expected="a tokenizer.json",
            remedy="train or save the pipeline with tokenizer_config = {use_fast = true}",
        )
    tokenizer = _object(files["tokenizer.json"], "tokenizer.json")
    config = _object(files.get("tokenizer_config.json", b"{}"), "tokenizer_config.json")
    model = tokenizer.get("model")
    kind = str(model.get("type")) if isinstance(model, dict) else "none"
    if kind not in FAMILIES:
        raise CompileRefusedError(
            f"the tokenizer family {kind!r} is not supported yet",
            got=f"a tokenizer.json whose model is of type {kind!r}",
            expected=" or ".join(sorted(FAMILIES)),
            remedy="train the pipeline with an encoder whose tokenizer is supported, or keep it on torch",
        )
    if config.get("split_special_tokens"):
        raise CompileRefusedError(
            "the transformer's tokenizer splits special pieces that stand in a text",
            got="split_special_tokens = true",
            expected="split_special_tokens = false, as it is by default",
            remedy="train or save the pipeline without that setting in tokenizer_config",
        )
    tokenizer = FAMILIES[kind].normalised(tokenizer, config)
    longest = config.get("model_max_length")
    return TokenizerParts(
        {**tokenizer, "truncation": None, "padding": None},
        tokenizer["model"].get("unk_token"),
        int(longest) if isinstance(longest, (int, float)) and 1 <= longest < 1e9 else None,
    )


def _object(data: object, name: str) -> dict[str, Any]:
    try:
        value = json.loads(data) if isinstance(data, (bytes, str)) else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CompileRefusedError(
            f"the saved {name} is not a JSON object",
            expected="the file that transformers writes",
            remedy="save the pipeline again where it was trained",
        )
    return value
