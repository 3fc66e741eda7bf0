"""Tokenizer families: each checks what was saved and returns the tokenizer.json that a bundle carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.tokenizers import wordpiece

# The type of the model in tokenizer.json -> the module that knows it.
FAMILIES = {"WordPiece": wordpiece}


@dataclass(frozen=True, slots=True)
class TokenizerParts:
    """A tokenizer for a bundle: its tokenizer.json, the piece for what it does not know, its longest sequence."""

    content: Mapping[str, Any]
    unknown_piece: str | None
    max_pieces: int | None

    @property
    def json(self) -> bytes:
        """Return the tokenizer.json that a bundle carries."""
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode()


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
