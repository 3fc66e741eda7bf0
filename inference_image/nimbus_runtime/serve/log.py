"""One JSON object a line on standard output: what happened, how long it took, and no text of a document."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


def say(event: str, **values: object) -> None:
    """Write one line."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sys.stdout.write(json.dumps({"time": time, "event": event, **values}) + "\n")
    sys.stdout.flush()


class Warnings(logging.Handler):
    """Passes on what the server's library warns of; of an exception its class only, for its words may quote a text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        kind = record.exc_info[0] if record.exc_info else None
        words = {"error": kind.__name__} if kind else {"words": record.getMessage()}
        say("warning" if record.levelno < logging.ERROR else "error", source=record.name, **words)
