"""Expands one named input to paths: a file, a folder with all below it, or a pattern."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Never

from nimbus_runtime.contract.errors import InputNotFoundError, InputUnreadableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def expand(pattern: str, known: Callable[[Path], bool], *, take_unknown: bool) -> list[Path]:
    """Return absolute paths, in no order that counts.

    A file that is named is taken as it is. Out of a folder come the files whose suffix is
    known, without hidden ones; out of a pattern as well, and with `take_unknown` all files that
    it matches itself.
    """
    if not pattern:
        what = "an input has an empty name"
        raise UsageError(what, expected="a file, a folder, a pattern, or -", remedy="Name it, or leave it out.")
    path = _absolute(pattern)
    if _exists(path):
        return list(_below(path, known)) if path.is_dir() else [path]
    if not glob.has_magic(pattern):
        what = f"there is no {pattern}"
        raise InputNotFoundError(what, where=str(path), remedy="Check the path.")
    _expect_listable(pattern)
    matches = [_absolute(match) for match in _matching(pattern)]
    if not matches:
        what = f"nothing matches {pattern}"
        raise InputNotFoundError(what, where=str(Path.cwd()), remedy="Check the pattern.")
    found: list[Path] = []
    for match in matches:
        if match.is_dir():
            found.extend(_below(match, known))
        elif take_unknown or known(match):
            found.append(match)
    return found


def _matching(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 (shell rules)


def _expect_listable(pattern: str) -> None:
    """Refuse a pattern that looks into a folder that may not be read: what it holds would be passed over."""
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    for number in range(first, len(parts)):
        above = parts[: number + (parts[number] == "**")]
        for folder in _matching(f"{Path(*above)}{os.sep}") if above else [os.curdir]:
            try:
                os.scandir(folder).close()
                os.stat(f"{folder}/.")  # noqa: PTH116 (that folder may be entered; Path would drop the point)
            except OSError as error:
                _refuse(error)


def _absolute(name: str) -> Path:
    """Return an absolute path that keeps the names of links, except where `..` follows one."""
    path = Path(name)
    if ".." not in path.parts:
        return Path.cwd() / path
    return path.resolve() if path.name == ".." or path.is_dir() else path.parent.resolve() / path.name


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError as error:
        _refuse(error)
    except (OSError, ValueError):  # absent; a name too long; a NUL in it
        if os.path.islink(path):  # noqa: PTH114 (Path's own raises where the name is too long)
            what = f"{path.name} is a link to nothing"
            raise InputNotFoundError(
                what, where=str(path), remedy="Mend the link, or name what it should lead to."
            ) from None
        return False
    return True


def _below(folder: Path, known: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield the files of a folder and of those below it; links are followed, but not in circles."""
    entered: set[str] = set()
    for parent, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        real = os.path.realpath(parent)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        visible = (Path(parent, name) for name in names if not name.startswith("."))
        yield from (path for path in visible if known(path))


def _refuse(error: OSError) -> Never:
    what = f"{error.filename} cannot be read"
    raise InputUnreadableError(
        what,
        where=str(error.filename),
        got=error.strerror,
        remedy="Check the permissions of the folder and of those above it.",
    ) from error
