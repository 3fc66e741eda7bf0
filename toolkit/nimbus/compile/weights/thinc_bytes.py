"""Reads what thinc's Model.to_bytes wrote, as any transformer's `model` file is: mapped, not copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nimbus.compile.errors import CompileRefusedError, WeightsInvalidError
from nimbus.compile.weights.mapped import map_file
from nimbus.compile.weights.msgpack import unpack


@dataclass(frozen=True, slots=True)
class SavedModel:
    """The nodes of a saved model in thinc's order: names, attributes and shims as they were serialized."""

    nodes: tuple[str, ...]
    attrs: tuple[Mapping[str, memoryview], ...]
    shims: tuple[tuple[memoryview, ...], ...]


def read_model(path: Path) -> SavedModel:
    """Return a saved model; its bytes are views of the file."""
    with in_words(path):
        saved = unpack(map_file(path))
        return SavedModel(
            nodes=tuple(str(node["name"]) for node in saved["nodes"]),
            attrs=tuple(_named(attrs) for attrs in saved["attrs"]),
            shims=tuple(tuple(map(_bytes, shims)) for shims in saved["shims"]),
        )


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Say of a saved model that it is missing or damaged, whatever reading it answers with."""
    try:
        yield
    except CompileRefusedError:
        raise
    except FileNotFoundError:
        raise WeightsInvalidError(
            "the saved transformer is missing", where=str(path), remedy="copy the pipeline again, whole"
        ) from None
    except Exception as error:  # noqa: BLE001 - damaged data may lack any key and hold any type
        raise WeightsInvalidError(
            "the saved transformer is damaged",
            where=str(path),
            got=f"{type(error).__name__}: {error}",
            remedy="copy the pipeline again, whole, or save it again where it was trained",
        ) from None


def _named(attrs: Mapping[str, Any]) -> Mapping[str, memoryview]:
    return {str(name): _bytes(value) for name, value in attrs.items()}


def _bytes(value: object) -> memoryview:
    if not isinstance(value, memoryview):
        raise TypeError(f"bytes are expected, not {type(value).__name__}")
    return value
