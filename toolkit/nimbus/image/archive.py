"""What is in an image, read from the archive that engines save: every file of every layer, and the lists among them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

PACKAGES, RUNTIME, BUNDLE = "opt/nimbus/packages", "opt/nimbus/runtime", "bundle"
_MARK = ".wh."  # a file that a layer takes away from those below it


@dataclass(frozen=True, slots=True)
class Contents:
    """An image's files as a container sees them, by path without a leading slash, with their sizes in bytes.

    `layers` are the sizes of the layers, the lowest first. `lists` are files worth reading: what
    was installed, and what was left out.
    """

    files: Mapping[str, int]
    layers: tuple[int, ...]
    lists: Mapping[str, bytes] = field(repr=False)


def read_archive(place: Path, watch: Callable[[int, bytes], None] = lambda _layer, _data: None) -> Contents:
    """Read an archive; `watch` gets each layer's bytes as they come, with the layer's number."""
    files: dict[str, int] = {}
    lists: dict[str, bytes] = {}
    sizes: list[int] = []
    with tarfile.open(place) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None  # noqa: S101 - engines write one
        for number, name in enumerate(json.load(manifest)[0]["Layers"]):
            layer = _member(archive, name)
            watched = _Watched(layer, number, watch)
            _read_layer(watched, files, lists)
            watched.finish()
            sizes.append(watched.size)
    return Contents(files, tuple(sizes), lists)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    entry = archive.getmember(name)
    if entry.issym():  # layers that occur twice are links
        entry = archive.getmember((PurePosixPath(name).parent / entry.linkname).as_posix())
    file = archive.extractfile(entry)
    assert file is not None  # noqa: S101 - a layer is a file
    return file


def _read_layer(layer: _Watched, files: dict[str, int], lists: dict[str, bytes]) -> None:
    with tarfile.open(fileobj=layer, mode="r|") as entries:  # type: ignore[call-overload]  # any file that reads
        for entry in entries:
            path = entry.name.removeprefix("./").strip("/")
            folder, _, base = path.rpartition("/")
            if base.startswith(_MARK):
                gone = f"{folder}/{base.removeprefix(_MARK)}".strip("/")
                for name in [one for one in files if one == gone or one.startswith(f"{gone}/")]:
                    del files[name]
                continue
            if entry.isfile():
                files[path] = entry.size
                if _worth_reading(path):
                    content = entries.extractfile(entry)
                    lists[path] = content.read() if content else b""
            elif not entry.isdir():
                files[path] = 0


def _worth_reading(path: str) -> bool:
    return (
        path.endswith((".dist-info/METADATA", ".dist-info/RECORD", "/assembled.json"))
        or path in ("var/lib/dpkg/status", "etc/os-release", "usr/lib/os-release")
        or path.startswith("var/lib/dpkg/status.d/")
    )


class _Watched:
    """A file that tells somebody else what is read of it."""

    def __init__(self, file: IO[bytes], number: int, watch: Callable[[int, bytes], None]) -> None:
        self._file, self._number, self._watch = file, number, watch
        self.size = 0

    def read(self, size: int) -> bytes:
        """Read, and tell."""
        data = self._file.read(size)
        self.size += len(data)
        if data:
            self._watch(self._number, data)
        return data

    def finish(self) -> None:
        """Read what is behind the last entry."""
        while self.read(1 << 20):
            continue
