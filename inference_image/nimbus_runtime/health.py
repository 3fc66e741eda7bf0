"""What an image's health check asks: whether the container's first process does what it was started for.

A task is healthy as long as it is there: what it has done stands in its run's records. A server is
asked whether it answers.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Sequence
from pathlib import Path

_SECONDS = 5.0
_PORT = 8000


def healthy(first: Path = Path("/proc/1")) -> bool:
    """Say so of the first process."""
    try:
        words = (first / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return _answers(_port(words)) if "serve" in words else "nimbus_runtime" in words


def _port(words: Sequence[str]) -> int:
    """Return which port a server was told to listen at, by its command line or by its environment."""
    given = words[words.index("--port") + 1] if "--port" in words else os.environ.get("NIMBUS_SERVE_PORT", "")
    return int(given) if given.isdecimal() else _PORT


def _answers(port: int) -> bool:
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        server.request("GET", "/health")
        return server.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        server.close()
