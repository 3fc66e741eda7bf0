"""Finds the objects that an address in a bucket names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nimbus_runtime import s3
from nimbus_runtime.contract.errors import InputNotFoundError, InputUnreadableError, UsageError
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.readers.compression import MAGIC_LENGTH, detect
from nimbus_runtime.readers.formats import READERS, recognise, suffixes_in_words
from nimbus_runtime.readers.objects import SCHEME, bucket_of, explained

if TYPE_CHECKING:
    from nimbus_runtime.contract.inputs import Format


def resolve_objects(addresses: Sequence[str], default_format: Format | None) -> list[InputFile]:
    """Return the objects behind addresses of objects and of prefixes, each once, named below what they share."""
    found: dict[str, tuple[s3.Bucket, s3.Listed]] = {}
    for address in addresses:
        bucket, key = bucket_of(address)
        with explained(address):
            for listed in _listed(bucket, key, default_format):
                found[f"{SCHEME}{bucket.name}/{listed.key}"] = bucket, listed
    top = _shared([PurePosixPath(address.removeprefix(SCHEME)) for address in found])
    return [
        _inspect(
            address, PurePosixPath(address.removeprefix(SCHEME)).relative_to(top).as_posix(), *place, default_format
        )
        for address, place in found.items()
    ]


def _listed(bucket: s3.Bucket, key: str, default_format: Format | None) -> Iterator[s3.Listed]:
    if key and not key.endswith("/"):
        named = bucket.head(key)
        if named is not None:
            yield named
            return
    prefix = key if not key or key.endswith("/") else f"{key}/"
    found = [listed for listed in bucket.listed(prefix) if _wanted(listed, prefix, default_format)]
    if not found:
        raise InputNotFoundError(
            "there is no such object, and none below it that can be read",
            where=f"{SCHEME}{bucket.name}/{key}",
            expected=f"objects named {suffixes_in_words()}",
            remedy="check the address; with --input-format, objects of any name are taken",
        )
    yield from found


def _wanted(listed: s3.Listed, prefix: str, default_format: Format | None) -> bool:
    parts = PurePosixPath(listed.key.removeprefix(prefix)).parts
    visible = bool(parts) and not listed.key.endswith("/") and not any(part.startswith(".") for part in parts)
    return visible and (default_format is not None or recognise(parts[-1])[0] is not None)


def _inspect(address: str, name: str, bucket: s3.Bucket, listed: s3.Listed, default_format: Format | None) -> InputFile:
    form, compression = recognise(name)
    form = form or default_format
    if form is None:
        raise UsageError(
            f"nothing says which format {name} has",
            where=address,
            expected=f"a suffix out of {suffixes_in_words()}",
            remedy=f"say it with --input-format: {', '.join(READERS)}",
        )
    with explained(address):
        head = bucket.part(listed.key, 0, min(MAGIC_LENGTH, listed.size), listed.version) if listed.size else b""
    if head and detect(head) is not compression:
        raise InputUnreadableError(
            f"{name} is not packed as its name says",
            where=address,
            got=f"content that is {detect(head)}",
            expected=f"{compression}, by its suffix",
            remedy="give the object the suffix that its content has, or write it again",
        )
    return InputFile(address, name, listed.size, listed.version, form, compression)


def _shared(paths: Sequence[PurePosixPath]) -> PurePosixPath:
    """Return the deepest folder that all paths lie in."""
    folders = [path.parent.parts for path in paths]
    shared = folders[0]
    for parts in folders[1:]:
        length = next(
            (n for n, (a, b) in enumerate(zip(shared, parts, strict=False)) if a != b), min(len(shared), len(parts))
        )
        shared = shared[:length]
    return PurePosixPath(*shared)
