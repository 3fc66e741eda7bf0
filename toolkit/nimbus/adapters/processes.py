"""Runs of this machine: their processes by the locks that they hold, and the logs that they write."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from nimbus.executions import Line, State, Status
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import RunOwnedError
from nimbus_runtime.contract.records import Execution
from nimbus_runtime.store import DirectoryStore


class Processes:
    """The processes that execute runs in a folder."""

    def __init__(self, store: DirectoryStore) -> None:
        """Look at the runs of a root."""
        self._store = store

    def status(self, run: str, attempt: int, execution: Execution) -> Status:
        """Return whether an attempt's process still goes: it does while it holds its claim."""
        held = self._store.hold(paths.claim(run, attempt))
        if held is None:
            return Status(execution.id, State.RUNNING, execution.started)
        held.close()
        return Status(execution.id, State.GONE, execution.started)

    def pending(self, limit: int) -> Sequence[Status]:
        """Return none: a process that executes a run has planned it."""
        del limit
        return ()

    def stop(self, execution: Execution, reason: str) -> None:
        """Ask a process to end as containers are asked; it keeps what it has committed."""
        del reason
        if execution.host != socket.gethostname():
            raise RunOwnedError(
                "another machine executes this run",
                got=f"process {execution.pid} on {execution.host}, started by {execution.actor}",
                remedy=f"stop it there: kill {execution.pid}",
            )
        try:
            os.kill(execution.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        except PermissionError:
            raise RunOwnedError(
                "another user's process executes this run",
                got=f"process {execution.pid}, started by {execution.actor}",
                remedy="cancel it as that user",
            ) from None


class LogFiles:
    """The logs that runs of this machine leave in their root."""

    def __init__(self, store: DirectoryStore) -> None:
        """Look at the logs of a root."""
        self._store = store

    def lines(self, run: str, executions: Sequence[str], since: int) -> Iterator[Line]:
        """Yield the lines that a run's attempts have written, from `since` on (milliseconds)."""
        del executions
        folder = paths.logs(run)
        for name in self._store.names(folder):
            for line in (self._store.read(f"{folder}/{name}") or b"").decode(errors="replace").splitlines():
                with suppress(ValueError, KeyError):  # half a line, as a kill leaves it
                    time = int(datetime.fromisoformat(json.loads(line)["time"]).timestamp() * 1000)
                    if time >= since:
                        yield Line(time, f"attempt {int(name.partition('.')[0])}", line)
