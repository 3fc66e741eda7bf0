"""Opens an object of a bucket as it was planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from nimbus_runtime import s3
from nimbus_runtime.contract.errors import InputUnreadableError, UsageError

if TYPE_CHECKING:
    from nimbus_runtime.contract.inputs import InputFile

SCHEME = "s3://"
_LOOKED_AT = 1000
Item = TypeVar("Item")


@contextmanager
def opened_object(file: InputFile, block: int | None) -> Iterator[BinaryIO]:
    """Open an object; ChangedError of nimbus_runtime.s3 where it is no longer what the run was planned with."""
    bucket, key = bucket_of(file.key)
    with explained(file.key):
        present = bucket.head(key)
        if present is None or (present.size, present.version) != (file.size, file.version):
            raise s3.ChangedError("gone" if present is None else f"{present.size} bytes, version {present.version}")
        with s3.opened(bucket, present, block or s3.BLOCK) as stream:
            yield stream


def sample(items: Sequence[Item]) -> Sequence[Item]:
    """Return what is looked into before a run: all, or a thousand spread over many; the rest is, when it is scored."""
    return items if len(items) <= _LOOKED_AT else [items[len(items) * n // _LOOKED_AT] for n in range(_LOOKED_AT)]


def bucket_of(address: str) -> tuple[s3.Bucket, str]:
    """Return the bucket and the key, or prefix, that an address names."""
    try:
        name, key = s3.split_address(address)
    except ValueError:
        raise UsageError(
            f"{address} is not the address of an object",
            expected="s3://BUCKET/KEY, or s3://BUCKET/PREFIX/ for all below it",
            remedy="check the address",
        ) from None
    return s3.Bucket(name), key


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Put the refusals of a bucket into the words of inputs."""
    try:
        yield
    except s3.S3Error as error:
        raise InputUnreadableError(
            f"an input in a bucket cannot be read: {error.what}", where=address, got=error.code, remedy=error.remedy
        ) from error
