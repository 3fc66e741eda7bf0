"""Folders in which a bundle is put together, and what becomes of those whose process was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FRESH = 60.0  # seconds in which a folder may not be locked yet by whoever made it


@contextmanager
def staging(output: Path) -> Iterator[Path]:
    """Make a hidden folder beside the output and hold it; it is gone afterwards, unless it got another name."""
    folder = output.parent / f".{output.name}.{secrets.token_hex(4)}"
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir()
        descriptor = os.open(folder, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder


def sweep(output: Path) -> None:
    """Remove what killed compilers left beside an output: folders of that kind that no process holds."""
    _sweep(output.parent, re.escape(output.name))


def sweep_all(outputs: Path) -> None:
    """Remove what killed compilers left beside any output of a folder."""
    _sweep(outputs, ".+")


def _sweep(outputs: Path, name: str) -> None:
    left = re.compile(rf"\.{name}\.[0-9a-f]{{8}}")
    for folder in outputs.iterdir() if outputs.is_dir() else ():
        if left.fullmatch(folder.name):
            with contextlib.suppress(OSError):
                _remove_unheld(folder)


def _remove_unheld(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.time() - os.fstat(descriptor).st_mtime > _FRESH:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
