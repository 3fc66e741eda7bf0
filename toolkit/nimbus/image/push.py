"""Pushes an image to where releases take it from: under a tag that never changes, named by its digest ever after."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nimbus.engines import refusals
from nimbus.engines.orders import Login, Stored
from nimbus.image import record as records
from nimbus.image.record import ImageRecord


class Pushing(Protocol):
    """An engine that has the image."""

    def push(self, tag: str, reference: str, login: Login | None) -> str:
        """Push, and return the digest."""
        ...


class Registry(Protocol):
    """Where the image goes."""

    def login(self, repository: str) -> Login | None:
        """Return who pushes; None for whoever the engine is logged in as."""
        ...

    def prepare(self, repository: str) -> None:
        """Have the repository."""
        ...

    def stored(self, repository: str, tag: str) -> Stored | None:
        """Return what a tag stands for."""
        ...


def push(record: ImageRecord, repository: str, engine: Pushing, registry: Registry, folder: Path) -> ImageRecord:
    """Push what a record names, unless the tag has it already, and record where it is.

    A registry gets the tag last, and the record is written after that: what broke off has no name.
    """
    registry.prepare(repository)
    reference = f"{repository}:{record.release}"
    stored = registry.stored(repository, record.release)
    if stored is not None and not set(stored.ids) & {part.id for part in record.parts}:
        raise refusals.taken(reference, stored.digest)
    name = record.tag if len(record.parts) > 1 else record.parts[0].id  # what was recorded, whatever a tag says by now
    digest = stored.digest if stored else engine.push(name, reference, registry.login(repository))
    pushed = record.pushed(f"{repository}@{digest}")
    records.write(pushed, folder)
    return pushed
