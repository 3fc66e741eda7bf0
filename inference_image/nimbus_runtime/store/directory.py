"""A root in a directory: created once by hard links, compared and swapped under a lock."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nimbus_runtime.contract.errors import StoreError, StoreFullError, StoreUnsupportedError
from nimbus_runtime.store.port import Versioned

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
_STAGING = ".staging"
_YOUNG_SECONDS = 60.0  # a staged file this young may not have its lock yet


class DirectoryStore:
    """A root in a directory of a file system with hard links and locks."""

    def __init__(self, root: Path) -> None:
        """Open `root`, creating it where it is missing, and prove that it can create once."""
        self.root = root
        with _explained(root):
            (root / _STAGING).mkdir(parents=True, exist_ok=True)
            self._prove_links()

    @classmethod
    def reading(cls, root: Path) -> DirectoryStore:
        """Open a root that exists, to read it: nothing is probed, so no permission to write is needed."""
        with _explained(root, reading=True):
            found = root.is_dir()
        if not found:
            raise StoreError(
                "there is no such folder" if not root.exists() else "this is a file, not a folder",
                where=str(root),
                expected="the folder that `nimbus run` wrote to",
                remedy="check the path",
            )
        store = cls.__new__(cls)
        store.root = root
        return store

    @property
    def location(self) -> str:
        """Return where the root is, as a user would name it."""
        return str(self.root)

    def path(self, name: str) -> Path:
        """Return the file that a name stands for."""
        return self.root / name

    def read(self, name: str) -> bytes | None:
        """Return a record's bytes, or None where there is none."""
        path = self.path(name)
        with _explained(path, reading=True):
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):  # the latter below a file that others have left
                return None

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading."""
        path = self.path(name)
        with _explained(path, reading=True), path.open("rb") as file:
            yield file

    def names(self, folder: str) -> list[str]:
        """Return the names directly below a folder, sorted; none where it does not exist.

        Hidden ones are not of this store: file managers and network file systems leave such.
        """
        path = self.path(folder)
        with _explained(path, reading=True):
            try:
                return sorted(entry.name for entry in os.scandir(path) if not entry.name.startswith("."))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the size in bytes of each file directly below a folder."""
        path = self.path(folder)
        with _explained(path, reading=True):
            try:
                return {entry.name: entry.stat().st_size for entry in os.scandir(path)}
            except FileNotFoundError:
                return {}

    def address(self, name: str) -> str:
        """Return what a reader opens."""
        return str(self.path(name))

    def create(self, name: str, data: bytes) -> bool:
        """Create a record once; return whether this call was the one that did."""
        with self.staged() as staged:
            staged.file.write(data)
            return staged.publish(name)

    @contextlib.contextmanager
    def staged(self) -> Iterator[Staged]:
        """Open a file that has no name in the root until it is published, whole."""
        path = self.root / _STAGING / f"{os.getpid()}-{secrets.token_hex(8)}"
        with _explained(path):
            try:
                with path.open("xb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX)  # held while its writer lives: what `sweep` asks
                    yield Staged(self, path, file)
            finally:
                path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what writers that died have left half-written."""
        for path in (self.root / _STAGING).iterdir():
            with contextlib.suppress(OSError):
                if path.suffix == ".lock" or time.time() - path.stat().st_mtime < _YOUNG_SECONDS:
                    continue
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()

    def vacate(self) -> None:
        """Remove the folders of a root that hold nothing, and the root itself where nothing is left in it."""
        with contextlib.suppress(OSError):
            for folder in (*self.root.iterdir(), self.root):
                with contextlib.suppress(OSError):  # it holds something
                    folder.rmdir()

    def hold(self, name: str) -> BinaryIO | None:
        """Hold a record for as long as the returned file is open; None where another process does.

        The kernel lets go when the holder ends, however it ends.
        """
        path = self.path(name)
        with _explained(path):
            file = path.open("rb")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return None
            return file

    def read_versioned(self, name: str) -> Versioned | None:
        """Return a record with the version that `compare_and_swap` compares."""
        data = self.read(name)
        return None if data is None else Versioned(data, _version(data))

    def compare_and_swap(self, name: str, data: bytes, version: str | None) -> bool:
        """Replace a record if it still has `version` (None: does not exist); return whether it did."""
        path = self.path(name)
        with _explained(path), self._locked(name):
            present = self.read(name)
            if (None if present is None else _version(present)) != version:
                return False
            with self.staged() as staged:
                staged.file.write(data)
                staged.settle()
                staged.path.replace(path)
            _sync_folder(path.parent)
            return True

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        lock = self.root / _STAGING / f"{name}.lock"
        with lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _prove_links(self) -> None:
        first = self.root / _STAGING / f"probe-{os.getpid()}-{secrets.token_hex(8)}"
        second = first.with_suffix(".link")
        try:
            first.touch(exist_ok=False)
            os.link(first, second)
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise StoreUnsupportedError(
                    "this folder's file system has no hard links, so nothing can be created exactly once",
                    where=str(self.root),
                    remedy="choose an output on a local disk or an NFS share",
                ) from None
            raise
        finally:
            first.unlink(missing_ok=True)
            second.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Staged:
    """A file being written; it becomes visible by `publish` alone."""

    store: DirectoryStore
    path: Path
    file: BinaryIO

    def settle(self) -> None:
        """Bring what was written to the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def publish(self, name: str) -> bool:
        """Give the file its name; return False where the name already exists."""
        self.settle()
        target = self.store.path(name)
        _make_folder(target.parent)
        try:
            os.link(self.path, target)
        except FileExistsError:
            return False
        _sync_folder(target.parent)
        return True


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _make_folder(folder: Path) -> None:
    """Create a folder so that it outlives a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn the file system's refusals into words."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFullError(
                "no room left on the disk",
                where=str(path),
                remedy="free some space, then run the same command with --resume: finished shards are kept",
            ) from None
        raise StoreError(
            f"cannot {'read' if reading else 'use'} the output folder: {error.strerror or error}",
            where=str(path),
            remedy=f"choose a folder that this user may {'read' if reading else 'write to'}",
        ) from None
