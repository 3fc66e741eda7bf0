"""What an image's health check asks: whether the container's first process does what it was started for.

A task is healthy as long as it is there: what it has done stands in its run's records. A server is
asked whether it answers.
"""

from __future__ import annotations

import http.client
import os
from pathlib import Path

_SECONDS = 5.0


def healthy(first: Path = Path("/proc/1")) -> bool:
    """Say so of the first process."""
    try:
        words = (first / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return _answers() if b"serve" in words else b"nimbus_runtime" in words


def _answers() -> bool:
    server = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("NIMBUS_PORT", "8080")), timeout=_SECONDS)
    try:
        server.request("GET", "/health")
        return server.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        server.close()
