"""Questions whose answer takes a processor: they are asked of the command line, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from nimbus_runtime.contract.errors import NimbusError


class VerbFailedError(NimbusError):
    """A verb of the command line ended without an answer; its own words are the message."""


def answer(command: Sequence[str]) -> dict[str, Any]:
    """Return the JSON object that a verb prints; its failure, if it ended with one."""
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "nimbus.cli.main", *command[1:], "--json"],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    found = next((value for line in reversed(done.stdout.splitlines()) if (value := _object(line))), None)
    if found is None or "error" in found:
        told = found or {}
        raise VerbFailedError(
            str(told.get("what") or f"the command ended with code {done.returncode}"),
            where=told.get("where"),
            got=told.get("got") or (None if found else done.stderr.strip()[-600:] or None),
            expected=told.get("expected"),
            remedy=told.get("to do"),
        )
    return found


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
