"""Encoder families, one folder each: config, weight names as data, graph.

A family is found by the `model_type` of the saved Hugging Face configuration. To add one: a
folder with the three files, its `check` and `encoder`, and its line in FAMILIES.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nimbus.compile.errors import CompileRefusedError

if TYPE_CHECKING:
    from nimbus.compile.architectures.encoder import Array, PostNormEncoder
    from nimbus.compile.architectures.layout import Names

# model_type -> the folder of its family
FAMILIES: dict[str, str] = {
    "albert": "albert",
    "bert": "bert",
    "camembert": "roberta",
    "distilbert": "distilbert",
    "electra": "electra",
    "mpnet": "mpnet",
    "roberta": "roberta",
    "xlm-roberta": "roberta",
}


def read_encoder(
    config: Mapping[str, Any], weights: Mapping[str, Array], names: Names | None = None
) -> PostNormEncoder:
    """Take the encoder of a saved configuration out of its weights: every one by name and shape.

    `names` are those of another library than Hugging Face's.
    """
    family = _family(config)
    checked = family.check(config)
    encoder: PostNormEncoder = (
        family.encoder(checked, weights) if names is None else family.encoder(checked, weights, names)
    )
    return encoder


def check_encoder(config: Mapping[str, Any]) -> None:
    """Refuse a configuration whose encoder would not be built; no weights are needed to know."""
    _family(config).check(config)


def _family(config: Mapping[str, Any]) -> ModuleType:
    model_type = str(config.get("model_type"))
    if model_type not in FAMILIES:
        raise CompileRefusedError(
            f"the encoder family {model_type!r} is not supported yet",
            got=f"model_type {model_type!r}",
            expected=" or ".join(sorted(FAMILIES)),
            remedy="train the pipeline with an encoder of a supported family, or keep it on torch",
        )
    return importlib.import_module(f"{__name__}.{FAMILIES[model_type]}")
