"""A root in a bucket: created once by If-None-Match, compared and swapped by If-Match.

Both are sent once and never retried by the library: a reply that is lost leaves open whether the
write happened, so what stands there is read back, and every writer's bytes are its own.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nimbus_runtime.contract.errors import StoreError, UsageError
from nimbus_runtime.s3 import Bucket, Conflict, Found, Lost, S3Error, opened, split_address
from nimbus_runtime.store.port import Versioned

_ATTEMPTS = 6
_PAUSE = 0.05  # seconds before a write that met another, or had no answer, is tried again; doubled each time


class S3Store:
    """A root below a prefix of a bucket."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        """Keep records below `prefix`, which has no slash at its ends."""
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @classmethod
    def at(cls, address: str) -> S3Store:
        """Open the root at s3://bucket/prefix; UsageError for another address."""
        try:
            bucket, prefix = split_address(address)
        except ValueError:
            raise UsageError(
                "this is not the address of a pipeline's root",
                got=address,
                expected="s3://BUCKET/PIPELINE",
                remedy="name the bucket and the pipeline in it",
            ) from None
        return cls(Bucket(bucket), prefix.strip("/"))

    @property
    def location(self) -> str:
        """Return the root's address."""
        return f"s3://{self._bucket.name}/{self._prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """Return the key that a name stands for."""
        return f"{self._prefix}{name}"

    def read(self, name: str) -> bytes | None:
        """Return a record's bytes, or None where there is none."""
        found = self._read(name)
        return None if found is None else found.data

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open an object for reading, a block at a time."""
        with self._explained(name):
            found = self._bucket.head(self.key(name))
            if found is None:
                raise S3Error("it is missing", "404", "look at who deletes in this root, and run again")
            with opened(self._bucket, found) as file:
                yield file

    def names(self, folder: str) -> list[str]:
        """Return the names directly below a folder, sorted; none where it does not exist."""
        with self._explained(folder):
            return sorted(self._bucket.names(self.key(f"{folder}/")))

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the size in bytes of each object below a folder."""
        prefix = self.key(f"{folder}/")
        with self._explained(folder):
            return {found.key.removeprefix(prefix): found.size for found in self._bucket.listed(prefix)}

    def address(self, name: str) -> str:
        """Return what a reader opens."""
        return f"s3://{self._bucket.name}/{self.key(name)}"

    def create(self, name: str, data: bytes) -> bool:
        """Create a record once; return whether this call was the one that did."""
        return self._put(name, data, None)

    @contextlib.contextmanager
    def staged(self) -> Iterator[S3Staged]:
        """Open a file of this machine that has no name in the bucket until it is published, whole."""
        with tempfile.TemporaryFile(prefix="nimbus-") as file:
            yield S3Staged(self, file)

    def read_versioned(self, name: str) -> Versioned | None:
        """Return a record with the version that `compare_and_swap` compares."""
        found = self._read(name)
        return None if found is None else Versioned(found.data, found.version)

    def compare_and_swap(self, name: str, data: bytes, version: str | None) -> bool:
        """Replace a record if it still has `version` (None: does not exist); return whether it did."""
        return self._put(name, data, version)

    def put_file(self, name: str, file: BinaryIO) -> bool:
        """Create a file once; its name is that of its content, so one that is there already is the same."""
        with self._explained(name):
            for pause in self._pauses():
                file.seek(0)
                try:
                    self._bucket.put(self.key(name), file, if_version=None)
                except (Conflict, Lost):
                    time.sleep(pause)
                    continue
                except Found:
                    return False
                return True
        raise self._contested(name)

    def _read(self, name: str) -> _Record | None:
        with self._explained(name):
            found = self._bucket.get(self.key(name))
            return None if found is None else _Record(*found)

    def _put(self, name: str, data: bytes, version: str | None) -> bool:
        """Write if nothing (version None) or the same version stands there; return whether this call wrote it."""
        with self._explained(name):
            for pause in self._pauses():
                try:
                    self._bucket.put(self.key(name), data, if_version=version)
                except Conflict:
                    time.sleep(pause)
                except Found:
                    return False
                except Lost:
                    present = self._read(name)
                    if present is not None and present.data == data:
                        return True
                    if (None if present is None else present.version) != version:
                        return False
                    time.sleep(pause)
                else:
                    return True
        raise self._contested(name)

    @staticmethod
    def _pauses() -> Iterator[float]:
        chance = secrets.SystemRandom()
        yield from (_PAUSE * 2**n * chance.uniform(0.5, 1.5) for n in range(_ATTEMPTS))

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            raise StoreError(
                f"the bucket cannot be used: {error.what}",
                where=f"s3://{self._bucket.name}/{self.key(name)}",
                got=error.code,
                remedy=error.remedy,
            ) from error

    def _contested(self, name: str) -> StoreError:
        return StoreError(
            "others keep writing the same object, or its replies are lost",
            where=f"s3://{self._bucket.name}/{self.key(name)}",
            got=f"{_ATTEMPTS} attempts",
            remedy="look at who else runs in this root, and at the network; then resume the run",
        )


@dataclass(frozen=True, slots=True)
class _Record:
    data: bytes
    version: str


@dataclass(frozen=True, slots=True)
class S3Staged:
    """A file of this machine; `publish` puts it into the bucket."""

    store: S3Store
    file: BinaryIO

    def publish(self, name: str) -> bool:
        """Give the file its name; return False where the name already exists."""
        self.file.flush()
        return self.store.put_file(name, self.file)
