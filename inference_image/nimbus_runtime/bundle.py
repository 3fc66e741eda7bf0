"""Bundles: verified before anything in them is opened, then loaded as a spaCy pipeline."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime import custom_code, entry_points, requirements
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.bundle import MANIFEST, ListedFile, Manifest
from nimbus_runtime.contract.errors import (
    BundleInvalidError,
    BundleUnsupportedError,
    NimbusError,
    RecordInvalidError,
)
from nimbus_runtime.onnx_scan import scan

if TYPE_CHECKING:
    from spacy.language import Language

DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})
_MAX_MANIFEST = 64 * 2**20
_AGAIN = "compile the pipeline again, or copy the bundle again from where it is whole"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that has been verified."""

    path: Path
    digest: str
    manifest: Manifest


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """Return a bundle's manifest and digest, its files not looked at."""
    place = path / MANIFEST
    try:
        found = place.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_MANIFEST:
            raise _invalid(
                place,
                "the bundle's manifest is a link, a special file, or too large to be one",
                expected=f"a regular file of at most {_MAX_MANIFEST >> 20} MiB",
            )
        data = place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise BundleInvalidError(
            "this is not a bundle",
            where=str(path),
            got="no bundle.json" if path.is_dir() else "no such folder",
            expected="a folder that `nimbus compile` wrote",
            remedy="compile the pipeline first: nimbus compile PIPELINE --output BUNDLE",
        ) from None
    except OSError as error:
        raise _unreadable(error, place) from None
    try:
        manifest = codec.decode(Manifest, data, str(place))
    except RecordInvalidError as error:
        raise BundleInvalidError(
            f"the bundle's manifest cannot be read: {error.what}",
            where=error.where,
            got=error.got,
            expected=error.expected,
            remedy=_AGAIN,
        ) from None
    return manifest, hashlib.sha256(data).hexdigest()


def verify(path: Path) -> Bundle:
    """Check a bundle's schema, files, hashes, links and graphs; open nothing before that."""
    manifest, digest = read_manifest(path)
    try:
        _check_all(path, manifest)
    except OSError as error:
        raise _unreadable(error, path) from None
    return Bundle(path, digest, manifest)


def _check_all(path: Path, manifest: Manifest) -> None:
    listed: dict[str, ListedFile] = {}
    for file in manifest.files:
        if file.path in listed:
            raise _invalid(path / MANIFEST, "the bundle's manifest lists a file twice", file.path)
        listed[file.path] = file
    present = _present(path)
    for name in sorted(present - listed.keys()):
        raise _invalid(path / name, "a file that the bundle's manifest does not list")
    for name in sorted(listed.keys() - present):
        if name.startswith("/") or ".." in Path(name).parts:
            raise _invalid(path / MANIFEST, "the bundle's manifest lists a file outside the bundle", name)
        raise _invalid(path / name, "a file that the bundle's manifest lists is missing")
    for file in manifest.files:
        _check_file(path, file)
    custom_code.check_listed(path, manifest)
    for name in sorted(listed):
        if name.endswith(".onnx"):
            _check_graph(path, name, listed)


def load(bundle: Bundle, gemm: str | None = None) -> Language:
    """Open a verified bundle as a spaCy pipeline; `gemm` overrides the bundle's matrix product.

    What it requires is looked for first, then the code that its manifest names is imported.
    """
    requirements.check(bundle.manifest.requires, str(bundle.path))

    import spacy  # noqa: PLC0415 - only where documents are scored

    from nimbus_runtime.components import gemm as swap  # noqa: PLC0415 - imports spaCy

    custom_code.import_listed(bundle.path, bundle.manifest)
    try:
        with entry_points.only((c.factory for c in bundle.manifest.components), bundle.manifest.requires):
            nlp = spacy.load(bundle.path)
    except NimbusError:
        raise
    except Exception as error:
        raise BundleUnsupportedError(
            "spaCy cannot open this bundle",
            where=str(bundle.path),
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            expected=", ".join(f"{name} {version}" for name, version in bundle.manifest.requires.items()),
            remedy="install the versions named above, or compile the pipeline again",
        ) from error
    if gemm is not None:
        swap.use_gemm(nlp, gemm)
    return nlp


def _present(path: Path) -> set[str]:
    names = set()
    for folder, folders, files in os.walk(path, onerror=_stop):
        for name in [*folders, *files]:
            entry = Path(folder, name)
            mode = entry.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise _invalid(entry, "a link or a special file in a bundle")
        names |= {Path(folder, name).relative_to(path).as_posix() for name in files}
    return names - {MANIFEST}


def _stop(error: OSError) -> None:
    raise error


def _check_file(path: Path, file: ListedFile) -> None:
    place = path / file.path
    size = place.stat().st_size
    if size != file.size:
        raise _invalid(place, "a file of the bundle has changed", f"{size} bytes", f"{file.size} bytes")
    digest = hash_file(place)
    if digest != file.sha256:
        raise _invalid(place, "a file of the bundle has changed", f"SHA-256 {digest}", f"SHA-256 {file.sha256}")


def hash_file(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_graph(path: Path, name: str, listed: Mapping[str, ListedFile]) -> None:
    contents = scan(path / name)
    foreign = sorted(contents.domains - DOMAINS)
    if foreign:
        raise _invalid(
            path / name,
            "an encoder uses operators of a foreign domain",
            ", ".join(foreign),
            "standard operators",
        )
    for location, end in sorted(contents.external.items()):
        external = (Path(name).parent / location).as_posix()
        if location.startswith(("/", "\\")) or ".." in Path(location).parts or external not in listed:
            raise _invalid(path / name, "an encoder refers to a file outside the bundle's manifest", location)
        if end > listed[external].size:
            raise _invalid(
                path / name,
                f"an encoder refers to weights beyond the end of {location}",
                f"byte {end}",
                f"at most {listed[external].size} bytes",
            )


def _unreadable(error: OSError, place: Path) -> BundleInvalidError:
    return BundleInvalidError(
        f"the bundle cannot be read: {error.strerror or error}",
        where=str(error.filename or place),
        remedy="let this user read every file of the bundle",
    )


def _invalid(place: Path, what: str, got: str | None = None, expected: str | None = None) -> BundleInvalidError:
    return BundleInvalidError(what, where=str(place), got=got, expected=expected, remedy=_AGAIN)
