"""One whole file or none: written beside its name, brought to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nimbus_runtime.contract.errors import ExportError, UsageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextlib.contextmanager
def whole_file(target: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Open a file that takes the name `target` when the block ends well, and vanishes otherwise.

    A link is followed. With `replace` the new file keeps the old one's permissions.
    """
    path = Path(os.path.realpath(target))
    with explained(target):
        before = _look(path, target, replace=replace)
        staged = path.with_name(f".nimbus-{secrets.token_hex(8)}.part")
        try:
            with staged.open("xb") as file:
                if before is not None:
                    os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                staged.replace(path)
            else:
                _create(staged, path, target)
        finally:
            staged.unlink(missing_ok=True)
        _sync_folder(path.parent)


@contextlib.contextmanager
def explained(target: Path) -> Iterator[None]:
    """Turn the file system's refusals into words."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            what, remedy = "no room left on the disk", "free some space, or export to another disk"
        elif error.errno == errno.ENOENT:
            what, remedy = "the folder of the target does not exist", "create it, or check the path"
        else:
            what = f"cannot write the target: {error.strerror or error}"
            remedy = "choose a folder that this user may write to"
        raise ExportError(what, where=str(target), remedy=remedy) from None


def refused_existing(target: Path) -> UsageError:
    """Return the refusal of a file that is there already."""
    return UsageError(
        "the target exists already",
        where=str(target),
        remedy="add --replace to write it anew, or choose another name",
    )


def _look(path: Path, target: Path, *, replace: bool) -> os.stat_result | None:
    try:
        before = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(before.st_mode):
        raise UsageError(
            "the target is not a file",
            where=str(target),
            expected="the name of a file",
            remedy="name another target",
        )
    if not replace:
        raise refused_existing(target)
    return before


def _create(staged: Path, path: Path, target: Path) -> None:
    """Give the file its name unless somebody took it meanwhile."""
    try:
        os.link(staged, path)
    except FileExistsError:
        raise refused_existing(target) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():  # a file system without links: the best there is
            raise refused_existing(target) from None
        staged.replace(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
