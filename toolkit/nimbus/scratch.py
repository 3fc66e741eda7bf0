"""Folders for what a command needs while it runs. What a killed command left goes with the next one of its kind.

A folder is held by a lock from before it has its name: one that nobody holds is left over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LetGo = Callable[[Path], object]


@contextmanager
def folder(kind: str, *, inside: Path | None = None, let_go: LetGo = lambda _folder: None) -> Iterator[Path]:
    """Give a folder that nobody else reads, for a while; first remove those of its kind that were left over.

    It is in the machine's folder for such, unless another is named. `let_go` is called with each
    before it is removed, for what else must go with it.
    """
    parent = inside or Path(tempfile.gettempdir())
    _sweep(parent, kind, let_go)
    new = Path(tempfile.mkdtemp(prefix="nimbus-", dir=parent))
    with contextlib.ExitStack() as stack:
        descriptor = os.open(new, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        with contextlib.suppress(OSError):  # a file system without locks: nothing is ever swept there
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        place = new.rename(parent / f"nimbus-{kind}-{secrets.token_hex(4)}")
        stack.callback(_remove, place, let_go)
        yield place


@contextmanager
def held(place: Path) -> Iterator[int]:
    """Hold a folder by a descriptor that another program may be given: as long as that has it, it is not left over."""
    with _locked(place, fcntl.LOCK_SH | fcntl.LOCK_NB) as descriptor:
        yield descriptor


@contextmanager
def turn(place: Path) -> Iterator[int]:
    """Wait until nobody else has their turn at a folder; as long as another program has the descriptor, it is ours."""
    with _locked(place, fcntl.LOCK_EX) as descriptor:
        yield descriptor


def taken(place: Path) -> bool:
    """Say whether anybody has their turn at a folder. Where there are no locks, nobody ever has."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _locked(place: Path, how: int) -> Iterator[int]:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # as above
            fcntl.flock(descriptor, how)
        yield descriptor
    finally:
        os.close(descriptor)


def _sweep(parent: Path, kind: str, let_go: LetGo) -> None:
    left = re.compile(rf"nimbus-{re.escape(kind)}-[0-9a-f]{{8}}")
    for place in [place for place in parent.iterdir() if left.fullmatch(place.name)]:
        with contextlib.suppress(OSError):  # held, or another's
            _remove_unheld(place, let_go)


def _remove_unheld(place: Path, let_go: LetGo) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_uid == os.geteuid():
            _remove(place, let_go)
    finally:
        os.close(descriptor)


def _remove(place: Path, let_go: LetGo) -> None:
    let_go(place)
    shutil.rmtree(place, ignore_errors=True)
