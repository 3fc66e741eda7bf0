"""Where an image's bytes are: a table in which every file is counted once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nimbus.image.archive import BUNDLE, PACKAGES, RUNTIME, Contents, read_archive, read_stream

_BASE = "base image"


@dataclass(frozen=True, slots=True)
class Row:
    """One part of an image; bytes as they lie unpacked."""

    part: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a rule left out of the packages, and why nothing misses it."""

    rule: str
    why: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The whole table. `zstd` and `gzip` are what all but the bundle comes to as registries keep it, in bytes."""

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    zstd: int
    gzip: int

    @property
    def total(self) -> int:
        """Return the bytes of all files."""
        return sum(row.bytes for row in self.rows)

    @property
    def without_bundle(self) -> int:
        """Return the bytes of all files but the bundle's."""
        return sum(row.bytes for row in self.rows if row.part != BUNDLE)


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def weigh(archive: Path) -> Sizes:
    """Weigh an exported image, compressed as engines do: zstd at level 3, gzip at 6."""
    import zstandard  # noqa: PLC0415 - only where images are weighed

    contents = read_archive(archive)
    packers: tuple[_Packer, _Packer] = (zstandard.ZstdCompressor(level=3).compressobj(), zlib.compressobj(6, wbits=31))
    packed = [0, 0]
    for path, data in read_stream(archive):
        if path != BUNDLE and not path.startswith(f"{BUNDLE}/"):
            for which, packer in enumerate(packers):
                packed[which] += len(packer.compress(data))
    zstd, gzip = (size + len(packer.flush()) for size, packer in zip(packed, packers, strict=True))
    return Sizes(tabulate(contents), _left_out(contents.lists), zstd, gzip)


def tabulate(contents: Contents) -> tuple[Row, ...]:
    """Return a row for each package, for the base image, the runtime and the bundle, the largest first."""
    owners = _owners(contents)
    counted: dict[str, list[int]] = {}
    for path, size in contents.files.items():
        row = counted.setdefault(_part(path, owners), [0, 0])
        row[0] += 1
        row[1] += size
    rows = [Row(part, files, size) for part, (files, size) in counted.items()]
    return tuple(sorted(rows, key=lambda row: (-row.bytes, row.part)))


def _part(path: str, owners: Mapping[str, str]) -> str:
    if path.startswith(f"{PACKAGES}/"):
        top = path.removeprefix(f"{PACKAGES}/").split("/")[0]
        return owners.get(top, top)
    if path.startswith(f"{RUNTIME}/"):
        return "nimbus-runtime"
    return BUNDLE if path.startswith(f"{BUNDLE}/") else _BASE


def _owners(contents: Contents) -> dict[str, str]:
    """Return which distribution a folder or module at the top of the packages belongs to, by the lists they bring."""
    owners: dict[str, str] = {}
    for path, data in contents.lists.items():
        folder, _, name = path.removeprefix(f"{PACKAGES}/").partition("/")
        if path.startswith(f"{PACKAGES}/") and name == "RECORD":
            for line in data.decode().splitlines():
                owners.setdefault(line.split("/")[0].split(",")[0], folder.removesuffix(".dist-info").replace("-", " "))
    return owners


def _left_out(lists: Mapping[str, bytes]) -> tuple[LeftOut, ...]:
    told = json.loads(lists.get(f"{PACKAGES}/assembled.json", b"[]"))
    return tuple(LeftOut(one["rule"], one["why"], one["files"], one["bytes"]) for one in told)
