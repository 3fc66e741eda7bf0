"""Saved transformers, one module a library: what each wrote to disk, read as data.

A stack is found by the names of its factory and architectures in config.cfg. To add one: a module
with `read`, LIBRARY, FACTORY and LISTENERS, its line in STACKS, and its twin in nimbus_runtime.stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.stacks import spacy_curated_transformers, spacy_transformers

if TYPE_CHECKING:
    from nimbus.compile.stacks.parts import SavedTransformer

STACKS: tuple[ModuleType, ...] = (spacy_curated_transformers, spacy_transformers)

# A head's listener as trained -> the bundle's listener in its place.
LISTENERS: Mapping[str, str] = {**spacy_curated_transformers.LISTENERS, **spacy_transformers.LISTENERS}

# What reads more of a transformer than its last layer, which is all that a bundle has.
ALL_LAYERS: frozenset[str] = spacy_curated_transformers.ALL_LAYERS


def stack_of(component: Mapping[str, Any]) -> ModuleType | None:
    """Return the module that reads a component, None for one that is no transformer."""
    architecture = _architecture(component)
    for stack in STACKS:
        if architecture.startswith(f"{stack.LIBRARY}.") or component.get("factory") == stack.FACTORY:
            return stack
    return None


def read_transformer(stack: ModuleType, component: Mapping[str, Any], folder: Path) -> SavedTransformer:
    """Look at the saved transformer of a component, its numbers left out, or refuse it."""
    factory, architecture = component.get("factory"), _architecture(component)
    if factory != stack.FACTORY or not architecture.startswith(f"{stack.LIBRARY}."):
        raise CompileRefusedError(
            "the transformer is made by a factory or an architecture of its own",
            got=f"factory {factory}, architecture {architecture or 'none'}",
            expected=f"factory {stack.FACTORY} with an architecture of {stack.LIBRARY}",
            remedy=f"train the pipeline with the transformer component of {stack.LIBRARY}, or keep it on torch",
        )
    saved: SavedTransformer = stack.read(component, folder)
    return saved


def _architecture(component: Mapping[str, Any]) -> str:
    model = component.get("model")
    return str(model.get("@architectures", "")) if isinstance(model, Mapping) else ""
