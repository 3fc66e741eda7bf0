"""Pushes an image to where releases take it from: under a tag that never changes, named by its digest ever after."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nimbus.engines import refusals
from nimbus.engines.errors import TagTakenError
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
    digest = _stored(record, repository, registry)
    if digest is None:
        name = record.tag if len(record.parts) > 1 else record.parts[0].id  # what was recorded, whatever a tag says
        try:
            digest = engine.push(name, f"{repository}:{record.release}", registry.login(repository))
        except TagTakenError:  # since it was asked: by a deployment beside this one, or by one that was killed
            digest = _stored(record, repository, registry)
            if digest is None:
                raise
    pushed = record.pushed(f"{repository}@{digest}")
    records.write(pushed, folder)
    return pushed


def _stored(record: ImageRecord, repository: str, registry: Registry) -> str | None:
    """Return the digest of a record's image under its tag, None where the tag is free; TagTakenError for another's."""
    stored = registry.stored(repository, record.release)
    if stored is None:
        return None
    if not set(stored.ids) & {part.id for part in record.parts}:
        raise refusals.taken(f"{repository}:{record.release}", stored.digest)
    return stored.digest
