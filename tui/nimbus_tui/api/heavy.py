"""Questions whose answer takes a processor: they are asked of the command line, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nimbus_runtime.contract.errors import NimbusError

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session


class VerbFailedError(NimbusError):
    """A verb of the command line ended without an answer; its own words are the message, `kind` its error's class."""

    kind = ""


class StoppedError(NimbusError):
    """Somebody did not want the answer any more."""


def answer(session: Session, command: Sequence[str]) -> dict[str, Any]:
    """Return the JSON object that a verb prints; its failure, if it ended with one; StoppedError once it is stopped."""
    process = subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", "nimbus.cli.main", *command[1:], "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    session.asked.append(process)
    out, err = process.communicate()
    if process not in session.asked:
        raise StoppedError("this was stopped", remedy="ask again")
    session.asked.remove(process)
    found = next((value for line in reversed(out.splitlines()) if (value := _object(line))), None)
    if found is None or "error" in found:
        told = found or {}
        failure = VerbFailedError(
            str(told.get("what") or f"the command ended with code {process.returncode}"),
            where=told.get("where"),
            got=told.get("got") or (None if found else err.strip()[-600:] or None),
            expected=told.get("expected"),
            remedy=told.get("to do"),
        )
        failure.kind = str(told.get("error") or "")
        raise failure
    return found


def stop(session: Session) -> int:
    """Interrupt whatever is asked of the command line, as Ctrl-C does; return how many there were."""
    asked, session.asked[:] = list(session.asked), []
    for process in asked:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    return len(asked)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
