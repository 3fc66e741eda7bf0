"""AWS by boto3: sessions, calls and pages. One module a service builds on this, and no type of boto3's crosses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nimbus_runtime import refusals
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.refusals import Refusal


class AwsError(NimbusError):
    """AWS refused a call, or could not be asked."""


class AwsCredentialsError(AwsError):
    """There are no credentials, or AWS does not know them."""


class AwsExpiredError(AwsError):
    """The session has expired, or the clock is so far off that it seems so."""


class AwsPermissionError(AwsError):
    """The caller's role may not do this."""


class AwsRegionError(AwsError):
    """No region is set, or another one than what is meant lies in."""


class AwsUnreachableError(AwsError):
    """There is no way to AWS."""


class AwsMissingError(AwsError):
    """What was named does not exist in this account and region."""


class AwsInvalidError(AwsError):
    """What was named is no name that this service knows."""


_CLASSES: dict[Refusal, type[AwsError]] = {
    Refusal.CREDENTIALS: AwsCredentialsError,
    Refusal.NO_CREDENTIALS: AwsCredentialsError,
    Refusal.EXPIRED: AwsExpiredError,
    Refusal.CLOCK: AwsExpiredError,
    Refusal.PERMISSION: AwsPermissionError,
    Refusal.NO_REGION: AwsRegionError,
    Refusal.REGION: AwsRegionError,
    Refusal.UNREACHABLE: AwsUnreachableError,
    Refusal.MISSING: AwsMissingError,
    Refusal.INVALID: AwsInvalidError,
}


class Service:
    """A service of AWS in a region; without one, the region of the caller's settings."""

    def __init__(self, name: str, region: str | None = None) -> None:
        """Name the service as boto3 does; nothing is called yet."""
        self.name = name
        self._region = region
        self._client: Any = None

    def call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Call an operation by its name in snake case; AwsError in words where it is refused."""
        try:
            answer: dict[str, Any] = getattr(self._connected(), operation)(**arguments)
        except Exception as error:
            raise self._in_words(operation, error) from error
        return answer

    def pages(self, operation: str, key: str, **arguments: object) -> Iterator[dict[str, Any]]:
        """Yield the items below `key` of every page of an operation's answer."""
        try:
            for page in self._connected().get_paginator(operation).paginate(**arguments):
                yield from page.get(key, ())
        except Exception as error:
            raise self._in_words(operation, error) from error

    def _connected(self) -> Any:  # noqa: ANN401 - a class that boto3 makes as it runs
        if self._client is None:
            import boto3  # noqa: PLC0415 - only where AWS is called
            from botocore.config import Config  # noqa: PLC0415 - as above

            config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
            self._client = boto3.session.Session().client(self.name, region_name=self._region, config=config)
        return self._client

    def _in_words(self, operation: str, error: Exception) -> Exception:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where AWS is called

        if not isinstance(error, (BotoCoreError, ClientError)):
            return error
        refusal, said = refusals.of(error), refusals.message(error)
        call = f"{self.name}:{''.join(word.capitalize() for word in operation.split('_'))}"
        return _CLASSES.get(refusal, AwsError)(
            refusal.value.what,
            where=call + (f" in {self._region}" if self._region else ""),
            got=f"{refusals.code(error)}: {said}" if said else refusals.code(error),
            remedy=refusal.value.remedy,
        )
