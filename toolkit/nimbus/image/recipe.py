"""What every image is built by: the Dockerfile, its helper, the lock, and the slim wheel of the runtime."""

from __future__ import annotations

import hashlib
import io
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nimbus_runtime

_FILES = ("Dockerfile", "assemble.py", "requirements.lock", "pyproject.toml")
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can say


@dataclass(frozen=True, slots=True)
class Recipe:
    """The files by name, and the runtime's sources by their paths in its wheel."""

    files: Mapping[str, bytes]
    sources: Mapping[str, bytes]

    @property
    def lock(self) -> str:
        """Return the locked packages of the runtime."""
        return self.files["requirements.lock"].decode()


def read() -> Recipe:
    """Read the recipe that came with this toolkit: in its wheel, or in the checkout that it runs from."""
    package = Path(nimbus_runtime.__file__).parent
    installed = Path(__file__).parent / "recipe"
    folder = installed if installed.is_dir() else package.parent
    sources = {
        f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return Recipe({name: (folder / name).read_bytes() for name in _FILES}, sources)


def wheel(recipe: Recipe) -> tuple[str, bytes]:
    """Return the name and the bytes of the runtime's wheel: the same bytes for the same sources."""
    project = tomllib.loads(recipe.files["pyproject.toml"].decode())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    folder = f"{name}-{version}.dist-info"
    entries = {
        **recipe.sources,
        f"{folder}/METADATA": _metadata(project),
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nGenerator: nimbus\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{folder}/entry_points.txt": _entry_points(project["entry-points"]),
    }
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in entries.items())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path, data in {**entries, f"{folder}/RECORD": f"{record}{folder}/RECORD,,\n".encode()}.items():
            entry = zipfile.ZipInfo(path, _DATE)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, data)
    return f"{name}-{version}-py3-none-any.whl", archive.getvalue()


def _metadata(project: Mapping[str, object]) -> bytes:
    requires = project["dependencies"]
    assert isinstance(requires, list)  # noqa: S101 - our own file
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {one}" for one in sorted(requires)),
    ]
    return ("\n".join(lines) + "\n").encode()


def _entry_points(groups: Mapping[str, Mapping[str, str]]) -> bytes:
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in points.items())])
        for group, points in groups.items()
    ]
    return ("\n\n".join(sections) + "\n").encode()


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
