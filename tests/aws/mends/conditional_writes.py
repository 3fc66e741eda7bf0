"""Writes to S3 that depend on what is there.

AWS checks If-None-Match and If-Match and writes in one step, answers 412 where the condition fails, and may answer 409
ConditionalRequestConflict where two requests meet, which is to be tried again (S3 API, PutObject). moto checks, and
writes later without a lock, so that two writers at once may both succeed; it never answers 409.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.s3.responses import S3Response

from tests.aws.faults import Fault, Faults
from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_WRITES = "put_object", "copy_object", "delete_object", "_key_response_post"
"""The methods that check a condition, and those that write without one, which must not fall in between."""


@dataclass(frozen=True)
class Conflict(Fault):
    """The next conditional write is answered 409, and nothing is written."""


@dataclass(frozen=True)
class LostReply(Fault):
    """The next conditional write happens, and its sender is told HTTP 500."""


_CONFLICT = 409, "ConditionalRequestConflict", "The conditional request conflicts with another one. Try again."
_LOST = 500, "InternalError", "We encountered an internal error. Please try again."


def _replacements(local_aws: LocalAws) -> list[Replacement]:
    lock = threading.RLock()
    return [
        Replacement(S3Response, name, _locked(getattr(S3Response, name), lock, local_aws.faults))
        for name in _WRITES
        if hasattr(S3Response, name)
    ]


def _locked(write: Callable[..., Any], lock: threading.RLock, faults: Faults) -> Callable[..., Any]:
    def locked(self: S3Response, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as moto's
        conditional = bool(self.headers.get("If-Match") or self.headers.get("If-None-Match"))
        if conditional and faults.take(Conflict):
            return _refusal(*_CONFLICT)
        with lock:
            answer = write(self, *arguments, **named)
        if conditional and faults.take(LostReply):
            return _refusal(*_LOST)
        return answer

    return locked


def _refusal(status: int, code: str, message: str) -> tuple[int, dict[str, str], str]:
    return (
        status,
        {"Content-Type": "application/xml"},
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>",
    )


MEND = Mend("conditional writes", _replacements)
