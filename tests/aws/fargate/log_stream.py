"""The awslogs driver: a container's lines as events of its own stream."""

from __future__ import annotations

import threading
import time
from typing import Any

from moto.logs.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException
from moto.logs.models import logs_backends


class LogStream:
    """`prefix/container/task` in the configured group, which must exist."""

    def __init__(self, options: dict[str, str], container: str, task: str, account: str, region: str) -> None:
        """Name the stream; `create` creates it."""
        self._backend = logs_backends[account][options.get("awslogs-region", region)]
        self._group = options["awslogs-group"]
        self._stream = f"{options['awslogs-stream-prefix']}/{container}/{task}"
        self._lock = threading.Lock()

    def create(self) -> str | None:
        """Create the stream; the words that AWS stops the task with where that fails, else None."""
        try:
            self._backend.create_log_stream(self._group, self._stream)
        except ResourceAlreadyExistsException:
            return None
        except ResourceNotFoundException:
            return (
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                f"failed to create Cloudwatch log stream: ResourceNotFoundException: The log group {self._group} "
                "does not exist"
            )
        return None

    def write(self, line: str) -> None:
        """Add one line; AWS drops empty ones."""
        if not line:
            return
        event = {"timestamp": int(time.time() * 1000), "message": line}
        with self._lock:
            self._backend.put_log_events(self._group, self._stream, [event])


def stream_of(container: dict[str, Any], task: str, account: str, region: str) -> LogStream | None:
    """Where a container logs to; None where its definition does not say, or names another driver."""
    settings = container.get("logConfiguration") or {}
    if settings.get("logDriver") != "awslogs":
        return None
    return LogStream(settings["options"], container["name"], task, account, region)
