"""Encoder families, one folder each: config, weight names as data, graph.

A family is found by the `model_type` of the saved Hugging Face configuration. To add one: a
folder with the three files and a `build`, and its line in FAMILIES.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nimbus.compile.errors import CompileRefusedError
from nimbus_runtime.contract.bundle import Precision

if TYPE_CHECKING:
    from nimbus.compile.architectures.encoder import Array, EncoderParts

# model_type -> the folder of its family
FAMILIES: dict[str, str] = {"bert": "bert"}


def build_encoder(config: Mapping[str, Any], weights: Mapping[str, Array], precision: Precision) -> EncoderParts:
    """Write the encoder of a saved configuration and its weights."""
    family = importlib.import_module(f"{__name__}.{_folder(config)}")
    parts: EncoderParts = family.build(config, weights, precision)
    return parts


def check_encoder(config: Mapping[str, Any]) -> None:
    """Refuse a configuration whose encoder would not be built; no weights are needed to know."""
    importlib.import_module(f"{__name__}.{_folder(config)}.config").check(config)


def _folder(config: Mapping[str, Any]) -> str:
    model_type = str(config.get("model_type"))
    if model_type not in FAMILIES:
        raise CompileRefusedError(
            f"the encoder family {model_type!r} is not supported yet",
            got=f"model_type {model_type!r}",
            expected=" or ".join(sorted(FAMILIES)),
            remedy="train the pipeline with an encoder of a supported family, or keep it on torch",
        )
    return FAMILIES[model_type]
