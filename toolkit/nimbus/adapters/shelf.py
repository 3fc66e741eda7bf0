"""Keeps the bundles of releases below the root of a local environment, by their digests.

So a rollback finds what it goes back to, whatever becomes of the folder that was compiled into.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nimbus_runtime.bundle import Bundle, read_manifest, verify
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import NimbusError, StoreError
from nimbus_runtime.contract.records import Release


@dataclass(frozen=True, slots=True)
class Shelved:
    """A bundle that is kept, by its folder below the root."""

    bundle: str
    image: None = None
    recipe: str = ""
    sboms: Mapping[str, bytes] = field(default_factory=dict)


class BundleShelf:
    """The bundles of one root."""

    def __init__(self, root: Path) -> None:
        """Keep bundles below `root`."""
        self._root = root

    def path(self, release: Release) -> Path | None:
        """Return where a release's bundle is kept, None where it never was."""
        return None if release.bundle is None else self._root / release.bundle

    def lacks(self, release: Release) -> str | None:
        """Say what of a release is gone; None where it can run."""
        place = self.path(release)
        if place is None:
            return "its bundle, which was never kept here"
        try:
            digest = read_manifest(place)[1]
        except NimbusError:
            return f"its bundle, {place}"
        return None if digest == release.bundle_digest else f"its bundle: {place} holds another one"

    def find(self, bundle: Bundle) -> Shelved | None:
        """Return where a bundle is kept, None where it is not."""
        name = paths.bundle(bundle.digest)
        return Shelved(name) if (self._root / name).is_dir() else None

    def define(self, release: Release) -> None:
        """Return None: a run on this machine needs no definition."""

    def place(self, bundle: Bundle) -> Shelved:
        """Copy a verified bundle unless it is kept already."""
        name = paths.bundle(bundle.digest)
        place = self._root / name
        if not place.is_dir():
            copy = place.with_name(f".{bundle.digest[:12]}-{secrets.token_hex(4)}")
            try:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(bundle.path, copy)
                verify(copy)
                with contextlib.suppress(OSError):  # kept by another meanwhile
                    copy.rename(place)
            except OSError as error:
                raise StoreError(
                    f"the bundle cannot be kept: {error.strerror or error}",
                    where=str(place),
                    remedy="make room there, or choose another root in nimbus.toml",
                ) from None
            finally:
                shutil.rmtree(copy, ignore_errors=True)
        verify(place)
        os.utime(place)  # needed from now on: a prune that goes on at this moment spares it
        return Shelved(name)

    def beyond(self, kept: Collection[Release], begun_before: datetime) -> list[str]:
        """Return the bundles that were kept before a time and no kept release needs."""
        needed = {release.bundle for release in kept}
        folder = self._root / paths.BUNDLES
        places = sorted(folder.iterdir()) if folder.is_dir() else []
        return [
            f"{paths.BUNDLES}/{place.name}"
            for place in places
            if f"{paths.BUNDLES}/{place.name}" not in needed
            and datetime.fromtimestamp(place.stat().st_mtime, UTC) < begun_before
        ]

    def remove(self, names: Sequence[str]) -> None:
        """Remove such bundles."""
        for name in names:
            place = self._root / name
            going = place.with_name(f".{place.name}")  # out of sight at once, whole or not at all
            with contextlib.suppress(FileNotFoundError):
                place.rename(going)
            shutil.rmtree(going, ignore_errors=True)
