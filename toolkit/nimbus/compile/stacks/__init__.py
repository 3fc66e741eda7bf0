"""Saved transformers, one module a library: what each wrote to disk, read as data.

A stack is found by the architecture's name in config.cfg. To add one: a module with `read`,
ARCHITECTURES and LISTENERS, its line in STACKS, and its twin in nimbus_runtime.stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from nimbus.compile.stacks import spacy_transformers

# Architecture of a transformer component -> the module that reads it.
STACKS: dict[str, ModuleType] = {
    **dict.fromkeys(spacy_transformers.ARCHITECTURES, spacy_transformers),
}

# A head's listener as trained -> the bundle's listener in its place.
LISTENERS: Mapping[str, str] = {**spacy_transformers.LISTENERS}


def stack_of(component: Mapping[str, Any]) -> ModuleType | None:
    """Return the module that reads a component, None for one that is no transformer."""
    model = component.get("model")
    name = model.get("@architectures") if isinstance(model, Mapping) else None
    return STACKS.get(str(name))
