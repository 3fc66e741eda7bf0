"""What a release's image is called in its repository: another name for each thing that would make it another image."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping

from nimbus.config.image import BASE_IMAGE
from nimbus.engines.orders import Architecture
from nimbus.image.recipe import Recipe

_DIGITS, _FEW_DIGITS = 16, 8


def tag_of(
    bundle_digest: str,
    recipe: Recipe,
    architectures: Collection[Architecture],
    base_image: str = BASE_IMAGE,
    requirements: Collection[str] = (),
) -> str:
    """Return the tag: the bundle, the runtime that opens it, processors; a base and locks (their texts) if named."""
    parts = [bundle_digest[:_DIGITS], f"r{recipe_version(recipe)}", *sorted(one.value for one in set(architectures))]
    if base_image != BASE_IMAGE:
        parts.append(f"b{_short(base_image)}")
    if requirements:
        parts.append(f"q{locks_digest(requirements)}")
    return "-".join(parts)


def recipe_version(recipe: Recipe) -> str:
    """Return the runtime's version."""
    project: Mapping[str, Mapping[str, str]] = tomllib.loads(recipe.files["pyproject.toml"].decode())
    return project["project"]["version"]


def locks_digest(texts: Collection[str]) -> str:
    """Return what stands for locks, in whichever order they were named; nothing for none."""
    return _short("\0".join(sorted(texts))) if texts else ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_FEW_DIGITS]
