"""Reads what thinc's Model.to_bytes wrote, as data."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

import srsly

from nimbus.compile.errors import WeightsInvalidError


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A saved model, layer by layer: names, attributes as they were written, and what shims wrote."""

    nodes: list[str]
    attrs: list[dict[str, bytes]]
    shims: list[list[bytes]]


def read_model(place: Path) -> SavedModel:
    """Read a saved model."""
    try:
        saved = srsly.msgpack_loads(place.read_bytes())
        return SavedModel([node["name"] for node in saved["nodes"]], saved["attrs"], saved["shims"])
    except FileNotFoundError:
        raise WeightsInvalidError(
            "the saved transformer is missing", where=str(place), remedy="copy the pipeline again, whole"
        ) from None
    except Exception as error:  # noqa: BLE001 - msgpack answers damage with exceptions of many kinds
        raise damaged(place, error) from None
    finally:
        gc.enable()  # srsly leaves it switched off when the data is damaged


def damaged(place: Path, error: Exception) -> WeightsInvalidError:
    """Say that a saved model is damaged."""
    return WeightsInvalidError(
        "the saved transformer is damaged",
        where=str(place),
        got=f"{type(error).__name__}: {error}",
        remedy="copy the pipeline again, whole, or save it again where it was trained",
    )
