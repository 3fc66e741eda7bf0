"""Calls that AWS refuses: with the error's name, as each protocol says it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.aws.faults import Fault


@dataclass(frozen=True, kw_only=True)
class Refused(Fault):
    """The next call is answered with an error and nothing else; `service` is as policies name it, None for any."""

    code: str
    message: str = "refused by a test"
    status: int = 400
    service: str | None = None

    def answer(self, service: str, protocol: str, target: str) -> tuple[str, bytes]:
        """Return content type and body, by the service and the headers that tell the protocol of the call."""
        if "cbor" in protocol:
            return "application/cbor", b"\xa2" + b"".join(
                _text(each) for each in ("__type", self.code, "message", self.message)
            )
        if target:
            told = {"__type": self.code, "message": self.message}
            return "application/x-amz-json-1.0", json.dumps(told).encode()
        words = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        return "application/xml", (words if service == "s3" else f"<ErrorResponse>{words}</ErrorResponse>").encode()


def _text(text: str) -> bytes:
    """Return a short text in CBOR."""
    encoded = text.encode()
    head = bytes((0x60 + len(encoded),)) if len(encoded) < 24 else bytes((0x78, len(encoded)))
    return head + encoded
