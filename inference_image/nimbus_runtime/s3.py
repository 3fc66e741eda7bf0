"""The one module that speaks to S3: a bucket's objects, without a type of the library in what it returns.

Reads are retried by the library; conditional writes are sent once, and what became of them is
told by one of four answers: done, Found, Conflict, Lost.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from nimbus_runtime import refusals
from nimbus_runtime.refusals import Refusal

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

AT_ONCE = 32  # requests that threads of one process may have under way
_DELETED_AT_ONCE = 1000
BLOCK = 8 * 2**20  # bytes that a reader fetches at once
_HTTP_CONFLICT, _HTTP_PRECONDITION, _HTTP_NOT_FOUND, _HTTP_SERVER = 409, 412, 404, 500


class S3Error(Exception):
    """A refusal of S3, in words."""

    def __init__(self, what: str, code: str, remedy: str) -> None:
        """Keep the words, and S3's own name of the failure."""
        super().__init__(what)
        self.what, self.code, self.remedy = what, code, remedy


class DeniedError(S3Error):
    """What the role may not do."""


class Found(Exception):  # noqa: N818 - an answer more than a failure
    """A conditional write was not done: something else stands there."""


class Conflict(Exception):  # noqa: N818 - as above
    """A conditional write met another at the same moment, and may be tried again."""


class Lost(Exception):  # noqa: N818 - as above
    """No answer came to a conditional write: it may have been done."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it; `size` in bytes, `modified` where it was listed."""

    key: str
    size: int
    version: str
    modified: datetime | None = None


class Bucket:
    """The objects of one bucket."""

    def __init__(self, name: str) -> None:
        """Name a bucket, by the environment's credentials and region; nothing is looked up or sent yet."""
        self.name = name
        self._settings = tuple(sorted(each for each in os.environ.items() if "AWS_" in each[0]))

    @property
    def _reading(self) -> Any:  # noqa: ANN401 - a class that boto3 makes as it runs
        return _clients(self._settings)[0]

    @property
    def _writing(self) -> Any:  # noqa: ANN401 - as above
        return _clients(self._settings)[1]

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Return an object's bytes and version, None where there is none."""
        answer = self._whole(Key=key)
        return None if answer is None else (answer["Body"], answer["ETag"])

    def head(self, key: str) -> Listed | None:
        """Return an object's size and version, None where there is none."""
        answer = self._read("head_object", Key=key)
        return None if answer is None else Listed(key, answer["ContentLength"], answer["ETag"])

    def part(self, key: str, start: int, end: int, version: str) -> bytes | None:
        """Return bytes `start` up to, not including, `end` of an object of this version; None if it has changed."""
        answer = self._whole(Key=key, Range=f"bytes={start}-{end - 1}", IfMatch=version)
        return None if answer is None else answer["Body"]

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names directly below a prefix that ends with a slash."""
        for page in self._pages(prefix, "/"):
            for found in page.get("Contents", ()):
                if found["Key"] != prefix:
                    yield found["Key"].removeprefix(prefix)
            for found in page.get("CommonPrefixes", ()):
                yield found["Prefix"].removeprefix(prefix).rstrip("/")

    def listed(self, prefix: str) -> Iterator[Listed]:
        """Yield every object below a prefix."""
        for page in self._pages(prefix, ""):
            for found in page.get("Contents", ()):
                yield Listed(found["Key"], found["Size"], found["ETag"], found["LastModified"])

    def put(self, key: str, data: bytes | BinaryIO, *, if_version: str | None) -> None:
        """Write an object where nothing stands (None) or where this version does; raise Found, Conflict or Lost."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in _clients

        condition = {"IfNoneMatch": "*"} if if_version is None else {"IfMatch": if_version}
        try:
            self._writing.put_object(Bucket=self.name, Key=key, Body=data, **condition)
        except ClientError as error:
            status = _status(error)
            if status in (_HTTP_PRECONDITION, _HTTP_NOT_FOUND) and _code(error) != "NoSuchBucket":
                raise Found from error
            if status == _HTTP_CONFLICT:
                raise Conflict from error
            if status >= _HTTP_SERVER or _code(error) == "RequestTimeout":
                raise Lost from error
            raise _refused(error, self.name) from error
        except BotoCoreError as error:
            if _never_sent(error):
                raise _unusable(error) from error
            raise Lost from error

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, in this order where they do not fit into one request; none is missed."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in __init__

        for start in range(0, len(keys), _DELETED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]
            try:
                answer = self._reading.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
            except ClientError as error:
                raise _refused(error, self.name) from error
            except BotoCoreError as error:
                raise _unusable(error) from error
            for failed in answer.get("Errors", ()):
                raise S3Error(f"{failed['Key']} stays", str(failed.get("Code")), "let this role delete it")

    def _pages(self, prefix: str, delimiter: str) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in _clients

        paginator = self._reading.get_paginator("list_objects_v2")
        try:
            yield from paginator.paginate(Bucket=self.name, Prefix=prefix, Delimiter=delimiter)
        except ClientError as error:
            raise _refused(error, self.name) from error
        except BotoCoreError as error:
            raise _unusable(error) from error

    def _whole(self, **arguments: object) -> dict[str, Any] | None:
        """Return what GetObject answers with the body's bytes; a body that breaks off is asked for again."""
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as in _clients

        for last in (False, False, True):
            answer = self._read("get_object", **arguments)
            if answer is None:
                return None
            try:
                return {**answer, "Body": answer["Body"].read()}
            except BotoCoreError as error:
                if last:
                    raise _unusable(error) from error
        raise AssertionError  # the last try returns or raises

    def _read(self, operation: str, **arguments: object) -> dict[str, Any] | None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in _clients

        try:
            answer: dict[str, Any] = getattr(self._reading, operation)(Bucket=self.name, **arguments)
        except ClientError as error:
            if _status(error) in (_HTTP_NOT_FOUND, _HTTP_PRECONDITION) and _code(error) != "NoSuchBucket":
                return None
            raise _refused(error, self.name) from error
        except BotoCoreError as error:
            raise _unusable(error) from error
        return answer


@lru_cache(maxsize=4)
def _clients(environment: tuple[tuple[str, str], ...]) -> tuple[Any, Any]:
    """Return the clients that read and that write, made once for what the environment says; threads may share them.

    S3Error where it names a profile, or an endpoint, that cannot be used.
    """
    import boto3  # noqa: PLC0415 - a run on one machine needs none of it
    import botocore.session  # noqa: PLC0415 - as above
    from botocore.config import Config  # noqa: PLC0415 - as above
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

    del environment  # boto3 reads it itself
    reading = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=AT_ONCE)
    writing = Config(retries={"total_max_attempts": 1}, max_pool_connections=AT_ONCE)
    try:
        plain = botocore.session.get_session()
        plain.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)
        session = boto3.session.Session(botocore_session=plain)
        return session.client("s3", config=reading), session.client("s3", config=writing)
    except (BotoCoreError, ValueError) as error:
        raise _unusable(error) from error


def _time(told: str) -> datetime:
    """Return a time of an answer: the library's own way takes most of what a long listing costs."""
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - as in _clients

    try:
        return datetime.fromisoformat(told)
    except (TypeError, ValueError):  # headers have another form
        other: datetime = parse_timestamp(told)
        return other


class ObjectReader(io.RawIOBase):
    """An object of a bucket as a file that can seek; ChangedError where it is no longer the version that was meant."""

    def __init__(self, bucket: Bucket, found: Listed) -> None:
        """Read `found`, from its beginning."""
        super().__init__()
        self._bucket, self._found = bucket, found
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._found.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Read into a buffer; return how many bytes."""
        end = min(self._at + len(buffer), self._found.size)
        if end <= self._at:
            return 0
        data = self._bucket.part(self._found.key, self._at, end, self._found.version)
        if data is None:
            raise ChangedError(self._found.key)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class ChangedError(OSError):
    """An object is gone, or is another version than the one that was meant."""


def opened(bucket: Bucket, found: Listed, block: int = BLOCK) -> BinaryIO:
    """Open an object for reading, a block at a time."""
    return io.BufferedReader(ObjectReader(bucket, found), block)


def split_address(address: str) -> tuple[str, str]:
    """Return bucket and key of s3://bucket/key; ValueError for anything else."""
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(address)
    return bucket, key


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(error: ClientError, bucket: str) -> S3Error:
    code = _code(error)
    if code == "NoSuchBucket":
        return S3Error("there is no such bucket", code, "check its name, its account and its region")
    refusal = refusals.of(error)
    if refusal is Refusal.OTHER and _status(error) == 403:
        refusal = Refusal.PERMISSION
    if refusal is Refusal.PERMISSION:
        return DeniedError(
            "access is denied",
            code,
            f"give this role the object and list permissions of {bucket} that docs/aws.md names",
        )
    if refusal is not Refusal.OTHER:
        return S3Error(refusal.value.what, code, refusal.value.remedy)
    return S3Error("S3 refused the request", f"{code} ({_status(error)})", "see what S3 says of this error's name")


def _never_sent(error: Exception) -> bool:
    from botocore import exceptions  # noqa: PLC0415 - as in _clients

    kinds = (exceptions.NoCredentialsError, exceptions.NoRegionError, exceptions.ParamValidationError)
    return isinstance(error, kinds)


def _unusable(error: Exception) -> S3Error:
    refusal = refusals.of(error)
    if refusal is not Refusal.OTHER:
        return S3Error(refusal.value.what, f"{type(error).__name__}: {error}".rstrip("."), refusal.value.remedy)
    return S3Error(
        str(error).rstrip("."),
        type(error).__name__,
        "check credentials, region and network: AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL",
    )
