"""What runs need of an environment: who executes them, and what they log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from nimbus.executions import Line, Status
from nimbus_runtime.contract.records import Execution


class Executions(Protocol):
    """Knows and stops whoever executes runs."""

    def status(self, run: str, attempt: int, execution: Execution) -> Status:
        """Return how the execution of a run's attempt is."""
        ...

    def pending(self, limit: int) -> Sequence[Status]:
        """Return the latest executions that may not have planned a run yet, the newest first."""
        ...

    def stop(self, execution: Execution, reason: str) -> None:
        """Ask an execution to end; it keeps what it has committed."""
        ...


class Logs(Protocol):
    """Keeps what tasks have logged."""

    def lines(self, run: str, executions: Sequence[str], since: int) -> Iterator[Line]:
        """Yield the lines of a run's tasks, from `since` on (milliseconds since 1970), in order."""
        ...
