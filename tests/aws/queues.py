"""What comes into a queue of the local AWS."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_PATIENCE = 240.0


def received(aws: LocalAws, url: str, seconds: float = _PATIENCE) -> list[Any]:
    """Take the messages of a queue, and wait for the first; none where none has come by then."""
    client, deadline = aws.client("sqs"), time.monotonic() + seconds
    while True:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        if answer.get("Messages") or time.monotonic() > deadline:
            return [json.loads(message["Body"]) for message in answer.get("Messages", [])]
