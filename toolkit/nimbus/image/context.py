"""The build context: decided as a value, then written to a folder."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from nimbus.engines import errors
from nimbus.engines.orders import Architecture, Base
from nimbus.image import recipe as recipes
from nimbus.image.lock import Pin
from nimbus.image.recipe import Recipe
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.bundle import MANIFEST

TIME = 315532800  # 1 January 1980: neither the day of a build nor the machine's clock changes an image


@dataclass(frozen=True, slots=True)
class Wheelhouse:
    """The locked packages of one architecture: a folder that holds exactly their wheels."""

    pins: tuple[Pin, ...]
    folder: Path
    wheels: tuple[str, ...]

    @property
    def lock(self) -> bytes:
        """Return the pins as pip reads them."""
        return ("\n".join(map(str, self.pins)) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a build gets: files by path, with their bytes or where those lie; the image's labels."""

    files: Mapping[str, bytes | Path]
    labels: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Return what stands for all of it. Wheels have their hashes in a lock, the bundle's files in a label."""
        told = hashlib.sha256(repr(sorted(self.labels.items())).encode())
        for name, content in sorted(self.files.items()):
            held = hashlib.sha256(content if isinstance(content, bytes) else b"").hexdigest()
            told.update(f"{name} {held}\n".encode())
        return told.hexdigest()


def lay_out(  # noqa: PLR0913 - all that decides an image
    recipe: Recipe,
    bundle: Bundle,
    houses: Mapping[Architecture, Wheelhouse],
    base: Base,
    *,
    release: str,
    source: str = "",
) -> Context:
    """Decide what a build gets. `source` is where the pipeline's sources are, for whoever finds the image."""
    name, wheel = recipes.wheel(recipe)
    files: dict[str, bytes | Path] = {
        "Dockerfile": recipe.files["Dockerfile"],
        ".dockerignore": b"",
        "assemble.py": recipe.files["assemble.py"],
        f"runtime/{name}": wheel,
    }
    for architecture, house in houses.items():
        files[f"packages/{architecture.value}/requirements.lock"] = house.lock
        files |= {f"packages/{architecture.value}/{one}": house.folder / one for one in house.wheels}
    for path in (MANIFEST, *(file.path for file in bundle.manifest.files)):
        files[f"bundle/{path}"] = bundle.path / path
    labels = {
        "org.opencontainers.image.title": release,
        "org.opencontainers.image.version": name.split("-")[1],
        "org.opencontainers.image.base.name": base.name,
        "org.opencontainers.image.base.digest": base.digest,
        "nimbus.release": release,
        "nimbus.bundle": bundle.digest,
        **({"org.opencontainers.image.source": source} if source else {}),
    }
    return Context(files, labels)


def write(context: Context, folder: Path) -> None:
    """Write a context to an empty folder; every file and folder has one date, and may be read by all."""
    try:
        for name, content in context.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                place.write_bytes(content)
            elif name.startswith("packages/"):
                _link(content, place)
                continue
            else:
                shutil.copyfile(content, place)
            place.chmod(0o644)
            os.utime(place, (TIME, TIME))
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
                os.utime(path, (TIME, TIME))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise errors.DiskFullError(
                "no room is left where the image is laid out",
                where=str(folder),
                remedy="make room, or set TMPDIR to a folder that has some",
            ) from None
        raise


def wheel_hashes(context: Context, architecture: Architecture) -> dict[str, str]:
    """Return the SHA-256 of each wheel that an architecture's image was made of, by its package."""
    hashes: dict[str, str] = {}
    for name, content in context.files.items():
        folder, _, wheel = name.rpartition("/")
        if wheel.endswith(".whl") and folder in (f"packages/{architecture.value}", "runtime"):
            data = content if isinstance(content, bytes) else content.read_bytes()
            hashes[canonicalize_name(wheel.partition("-")[0])] = hashlib.sha256(data).hexdigest()
    return hashes


def _link(wheel: Path, place: Path) -> None:
    """Take a wheel into the context without copying it, where the disk allows."""
    try:
        os.link(wheel, place)
    except OSError:
        shutil.copyfile(wheel, place)
