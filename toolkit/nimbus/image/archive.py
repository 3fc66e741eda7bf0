"""What is in an image, read from its file system as an engine exports it: every file, and the lists among them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES, RUNTIME, BUNDLE = "opt/nimbus/packages", "opt/nimbus/runtime", "bundle"
_BLOCK = 512  # bytes: what an archive spends on a file's name, and rounds its content up to
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Contents:
    """An image's files as a container sees them, by path without a leading slash, with their sizes in bytes.

    `lists` are files worth reading: what was installed, and what was left out.
    """

    files: Mapping[str, int]
    lists: Mapping[str, bytes] = field(repr=False)

    @property
    def size(self) -> int:
        """Return the bytes of all files, which no engine's own records of the image add to."""
        return sum(self.files.values())


def read_archive(place: Path) -> Contents:
    """Read the names and sizes of an archive, and its lists."""
    files: dict[str, int] = {}
    lists: dict[str, bytes] = {}
    with tarfile.open(place) as archive:
        for entry in archive:
            path = entry.name.removeprefix("./").strip("/")
            if entry.isfile():
                files[path] = entry.size
                if _worth_reading(path):
                    content = archive.extractfile(entry)
                    lists[path] = content.read() if content else b""
            elif not entry.isdir():
                files[path] = 0
    return Contents(files, lists)


def read_stream(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield an archive's bytes, entry by entry in pieces, with the path of the entry that they are of."""
    with tarfile.open(place) as archive, place.open("rb") as file:
        for entry in archive:
            path = entry.name.removeprefix("./").strip("/")
            file.seek(entry.offset)
            left = entry.offset_data - entry.offset + -(-entry.size // _BLOCK) * _BLOCK
            while left > 0 and (data := file.read(min(left, _CHUNK))):
                left -= len(data)
                yield path, data


def _worth_reading(path: str) -> bool:
    return (
        path.endswith((".dist-info/METADATA", ".dist-info/RECORD", "/assembled.json"))
        or path in ("var/lib/dpkg/status", "etc/os-release", "usr/lib/os-release")
        or path.startswith("var/lib/dpkg/status.d/")
    )
