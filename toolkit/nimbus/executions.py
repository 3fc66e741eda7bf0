"""What is known of whoever executes a run, in any environment: values that adapters return and use cases read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How an execution is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"  # nobody knows it any more: it ended without a word, or long ago


@dataclass(frozen=True, slots=True)
class Status:
    """An execution by its id. Times are ISO 8601 in UTC; `error` is in words, without any document's text."""

    id: str
    state: State
    started: str | None = None
    ended: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log, `time` in milliseconds since 1970; `source` names the task that wrote it."""

    time: int
    source: str
    text: str


class AlarmState(StrEnum):
    """How an alarm is."""

    QUIET = "quiet"
    RAISED = "raised"
    UNKNOWN = "unknown"  # nothing was measured yet


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm by its name, without the environment's; `since` is ISO 8601 in UTC."""

    name: str
    state: AlarmState
    since: str
    about: str
    reason: str = ""
