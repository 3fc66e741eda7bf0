"""What its owner lets a pipeline use beyond spaCy's own: files of code, and installed packages.

Only what is named is imported. A package stays where it is installed and becomes a requirement of
the bundle; a file is copied into it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nimbus.compile.errors import CodeRefusedError, CodeUnusableError
from nimbus_runtime.contract.bundle import CODE_FOLDER
from nimbus_runtime.custom_code import Registered, described, import_code, names

_GROUPS = re.compile(r"(?:spacy|thinc)_(\w+)")  # of entry points
_FACTORIES, _LANGUAGES = "factories", "languages"
_INTERNAL = "internal_factories"  # where spaCy keeps those that code registers


@dataclass(frozen=True, slots=True)
class Extras:
    """Code and packages that were named, and who brings which name.

    `code` are files by their path in a bundle, in the order in which they are imported; `requires`
    are packages with the version that is installed here.
    """

    code: Mapping[str, bytes] = field(default_factory=dict)
    requires: Mapping[str, str] = field(default_factory=dict)
    factories: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


NONE = Extras()


def extras(files: Sequence[Path], packages: Sequence[str]) -> Extras:
    """Import the named files, look up the named packages, and return what both bring."""
    code: dict[str, bytes] = {}
    requires: dict[str, str] = {}
    brought: set[tuple[str, str]] = set()
    for package in packages:
        distribution = _distribution(package)
        brought |= _entry_points(distribution) | _registered_by(distribution)
        requires[_normal(distribution.metadata["Name"])] = f"=={distribution.version}"
    contents = {file: _content(file, files) for file in files}
    for file, content in contents.items():
        brought |= _kinds(_imported(file, content))
        code[f"{CODE_FOLDER}/{file.name}"] = content
    by_kind = {kind: frozenset(name for k, name in brought if k == kind) for kind in (_FACTORIES, _LANGUAGES)}
    functions = frozenset(name for kind, name in brought if kind not in by_kind)
    return Extras(code, requires, by_kind[_FACTORIES], functions, by_kind[_LANGUAGES])


def provider(name: str, group: str | None = None) -> str | None:
    """Return the installed package with an entry point of this name, without importing it."""
    for distribution in importlib.metadata.distributions():
        for kind, brought in _entry_points(distribution):
            if brought == name and group in (None, kind):
                return _normal(distribution.metadata["Name"])
    return None


def _entry_points(distribution: importlib.metadata.Distribution) -> set[tuple[str, str]]:
    found = ((_GROUPS.fullmatch(point.group), point.name) for point in distribution.entry_points)
    return {(group[1], name) for group, name in found if group is not None}


def _distribution(package: str) -> importlib.metadata.Distribution:
    try:
        distribution = importlib.metadata.distribution(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        raise CodeUnusableError(
            f"the package {package!r} is not installed here",
            where="--allow",
            expected="the name of an installed distribution, as pip list shows it",
            remedy=f"pip install {package}, or check its name",
        ) from None
    if not _entry_points(distribution):
        raise CodeUnusableError(
            f"the package {package!r} brings nothing to spaCy",
            where="--allow",
            got="no entry points of spaCy",
            expected="a package that registers components or functions by entry points",
            remedy=f"write a file that imports what the pipeline needs of {package}, and name it with --code FILE.py",
        )
    if any(_needs_torch(line) for line in distribution.requires or ()):
        raise CodeRefusedError(
            f"the package {package!r} computes with torch, which runs do without",
            where="--allow",
            got=f"{package} {distribution.version}",
            expected="a package that does not depend on torch",
            remedy="take its components out with nlp.remove_pipe and save the pipeline, or keep it on torch",
        )
    return distribution


def _needs_torch(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement)
    return name is not None and name[0].lower() in {"torch", "curated-transformers"} and "extra ==" not in requirement


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _content(file: Path, files: Sequence[Path]) -> bytes:
    if file.suffix != ".py":
        raise CodeUnusableError(
            "this is not a file of Python code",
            where=str(file),
            expected="--code FILE.py",
            remedy="name the file that registers the components; of an installed package, use --allow PACKAGE",
        )
    if sum(other.name == file.name for other in files) > 1:
        raise CodeUnusableError(
            "two files of code have the same name",
            where=str(file),
            got=", ".join(str(other) for other in files if other.name == file.name),
            expected="each name once: in a bundle they lie in one folder",
            remedy="rename one of them",
        )
    try:
        return file.read_bytes()
    except OSError as error:
        raise CodeUnusableError(
            f"the file of code cannot be read: {error.strerror or error}",
            where=str(file),
            expected="a Python file",
            remedy="check the path, and that this user may read it",
        ) from None


def _imported(file: Path, content: bytes) -> Registered:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for results
            return import_code(file.absolute(), content)
    except (Exception, SystemExit) as error:
        raise CodeRefusedError(
            "the file of code cannot be imported",
            where=str(file),
            got=described(error),
            expected="a file that imports by itself, with installed packages",
            remedy="mend it: python FILE.py must end without an error; "
            "what it imports from other files belongs in it, or in an installed package",
        ) from error


def _registered_by(distribution: importlib.metadata.Distribution) -> set[tuple[str, str]]:
    """Import what a package offers to spaCy, for the names that it registers meanwhile.

    What cannot be imported here is no fault unless the pipeline uses it, which opening it will tell.
    """
    before = names()
    for point in distribution.entry_points:
        if _GROUPS.fullmatch(point.group):
            with contextlib.suppress(Exception, SystemExit), contextlib.redirect_stdout(sys.stderr):
                point.load()
    return _kinds(names() - before)


def _kinds(registered: Collection[tuple[str, ...]]) -> set[tuple[str, str]]:
    """Return kind and name of what was registered; a factory of one language is registered as LANG.NAME."""
    return {
        (_FACTORIES, name.rpartition(".")[2]) if registry == _INTERNAL else (registry, name)
        for *_, registry, name in registered
    }
