"""Lets go of the bundles that deploying compiled below a project's folder, and that nothing needs there any more.

A shadow beside what is live on AWS looks for live's bundle there, so a bundle stays as long as a release of it does.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from nimbus_runtime.bundle import read_manifest
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.records import Release
from nimbus_runtime.drift import devset

_NAMED = "compiled/"


class Parts(Protocol):
    """What releases have elsewhere."""

    def beyond(self, kept: Collection[Release], begun_before: datetime) -> list[str]:
        """Return the names of what is older than that and no kept release needs."""
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Remove such things."""
        ...


@dataclass(frozen=True, slots=True)
class PartsAndCompiled:
    """The parts of releases, and what was compiled for them here; `others` are the bundles of other environments."""

    parts: Parts
    folder: Path
    others: Collection[str]

    def beyond(self, kept: Collection[Release], begun_before: datetime) -> list[str]:
        """Return what goes of both."""
        needed = {release.bundle_digest for release in kept} | set(self.others)
        old = [f"{_NAMED}{place.name}" for place in self._unneeded(needed, begun_before)]
        return [*self.parts.beyond(kept, begun_before), *old]

    def remove(self, names: Sequence[str]) -> None:
        """Remove such things, a bundle with the dev set beside it."""
        for place in [self.folder / name.removeprefix(_NAMED) for name in names if name.startswith(_NAMED)]:
            going = place.with_name(f".{place.name}")  # out of sight at once, whole or not at all
            shutil.rmtree(going, ignore_errors=True)
            with contextlib.suppress(FileNotFoundError):
                place.rename(going)
            shutil.rmtree(going, ignore_errors=True)
            shutil.rmtree(devset.beside(place), ignore_errors=True)
        self.parts.remove([name for name in names if not name.startswith(_NAMED)])

    def _unneeded(self, needed: Collection[str], begun_before: datetime) -> Iterator[Path]:
        for manifest in sorted(self.folder.glob("[!.]*/bundle.json")):
            place = manifest.parent
            with contextlib.suppress(OSError, NimbusError):  # gone meanwhile, or damaged: compiled again
                young = datetime.fromtimestamp(place.stat().st_mtime, UTC) >= begun_before
                if not young and read_manifest(place)[1] not in needed:
                    yield place
