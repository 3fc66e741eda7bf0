"""Finds the objects that an address in a bucket names."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nimbus_runtime import s3
from nimbus_runtime.at_once import each
from nimbus_runtime.contract.errors import InputNotFoundError, InputUnreadableError, UsageError
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.readers.compression import MAGIC_LENGTH, detect
from nimbus_runtime.readers.formats import READERS, recognise, suffixes_in_words
from nimbus_runtime.readers.objects import SCHEME, bucket_of, explained, sample

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
    top = len(_shared([address.split("/")[2:-1] for address in found]))
    files = {
        address: _described(address, "/".join(address.split("/")[2 + top :]), listed, default_format)
        for address, (_, listed) in found.items()
    }
    deque(each(lambda address: _expect_packed(files[address], *found[address]), sample(list(found))), maxlen=0)
    return list(files.values())


def _listed(bucket: s3.Bucket, key: str, default_format: Format | None) -> Iterator[s3.Listed]:
    denied = None
    if key and not key.endswith("/"):
        try:
            named = bucket.head(key)
        except s3.DeniedError as error:  # who may read a folder may not ask for what is called as it is
            named, denied = None, error
        if named is not None:
            yield named
            return
    prefix = key if not key or key.endswith("/") else f"{key}/"
    found = [listed for listed in bucket.listed(prefix) if _wanted(listed, prefix, default_format)]
    if not found and denied is not None:
        raise denied
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


def _described(address: str, name: str, listed: s3.Listed, default_format: Format | None) -> InputFile:
    """Return what the listing says of an object."""
    form, compression = recognise(name)
    form = form or default_format
    if form is None:
        raise UsageError(
            f"nothing says which format {name} has",
            where=address,
            expected=f"a suffix out of {suffixes_in_words()}",
            remedy=f"say it with --input-format: {', '.join(READERS)}",
        )
    return InputFile(address, name, listed.size, listed.version, form, compression)


def _expect_packed(file: InputFile, bucket: s3.Bucket, listed: s3.Listed) -> None:
    """Refuse an object whose first bytes are not what its suffix says."""
    with explained(file.key):
        head = bucket.part(listed.key, 0, min(MAGIC_LENGTH, listed.size), listed.version) if listed.size else b""
    if head and detect(head) is not file.compression:
        raise InputUnreadableError(
            f"{file.name} is not packed as its name says",
            where=file.key,
            got=f"content that is {detect(head)}",
            expected=f"{file.compression}, by its suffix",
            remedy="give the object the suffix that its content has, or write it again",
        )


def _shared(folders: Sequence[list[str]]) -> list[str]:
    """Return the deepest folder that all of these are, or lie in."""
    least, most = min(folders), max(folders)
    length = next((n for n, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), min(len(least), len(most)))
    return least[:length]
