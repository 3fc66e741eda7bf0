"""What became of a build: a record beside the bundle, which a deployment reads."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from nimbus.engines.orders import Architecture
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import UsageError

RECORD, SBOM = "image.json", "sbom.{architecture}.cdx.json"


@dataclass(frozen=True, slots=True)
class Part:
    """The image for one processor. `id` names its content, `size` is its files' in bytes, `sbom` a file's SHA-256.

    `tried` says that it was started where it was built, and checked itself.
    """

    architecture: Architecture
    id: str
    size: int
    sbom: str
    tried: bool = False


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image that was built: `tag` is its name on this machine, `reference` repository@digest once it was pushed.

    `requirements` stands for the locks that it was built with beside the runtime's own, `context` for all that it
    was built of.
    """

    SCHEMA: ClassVar[int] = 1
    tag: str
    release: str
    bundle_digest: str
    pipeline: str
    pipeline_version: str
    runtime_version: str
    base: str
    base_digest: str
    engine: str
    parts: tuple[Part, ...]
    reference: str | None = None
    requirements: str = ""
    context: str = ""

    @property
    def untried(self) -> tuple[str, ...]:
        """Return the platforms for which the image was never started where it was built."""
        return tuple(part.architecture.platform for part in self.parts if not part.tried)

    def pushed(self, reference: str) -> ImageRecord:
        """Return the record with the place it was pushed to."""
        return dataclasses.replace(self, reference=reference)


def folder_of(bundle: Path) -> Path:
    """Return where the records of a bundle's image are written unless said otherwise: a folder beside the bundle."""
    return bundle.parent / f"{bundle.name}.image"


def sboms(record: ImageRecord, folder: Path) -> dict[str, bytes]:
    """Return the bills of materials beside a record by processor; one that is gone or another's is left out."""
    found = {}
    for part in record.parts:
        place = folder / SBOM.format(architecture=part.architecture.value)
        listed = place.read_bytes() if place.is_file() else b""
        if hashlib.sha256(listed).hexdigest() == part.sbom:
            found[part.architecture.value] = listed
    return found


def write(record: ImageRecord, folder: Path) -> None:
    """Write a record; a reader sees the old one or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / RECORD
    new = place.with_suffix(".new")
    new.write_bytes(codec.encode(record))
    new.replace(place)


def read(folder: Path) -> ImageRecord:
    """Read the record of a folder, or of a bundle that has one beside it."""
    for place in (folder / RECORD, folder_of(folder) / RECORD, folder):
        if place.is_file():
            return codec.decode(ImageRecord, place.read_bytes(), str(place))
    raise UsageError(
        "no image was built here",
        where=str(folder),
        expected=f"a folder with {RECORD}, or a bundle with such a folder beside it",
        remedy="nimbus image build --bundle BUNDLE",
    )
