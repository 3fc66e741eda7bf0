"""What a task is told by its environment, read once and checked."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import RunKind

_NOW = ("", "now")
_SHARDS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """The environment of a task.

    `execution` names the execution that started it; `scheduled_time` is None for a run that is due
    now; `release` is the one to run; `requested` says that it was asked for by name; `epoch` is live.json's when the
    execution began, None where nobody says; `run` names a run to continue;
    `shards` are those to score; `deadline` is in seconds from the task's start; `waits` says that a
    run waits while an earlier one goes. A run of at most `alone_seconds` of work is done by the task
    that plans it; of a larger one, each task gets `batch_seconds` of work. `task_hour_usd` is what an
    hour of such a task costs, None where nobody says. `second` says that what a dropped candidate left
    has been scored.
    """

    root: str
    bundle: Path
    execution: str
    release: str
    requested: bool
    kind: RunKind
    run: str
    scheduled_time: datetime | None
    shards: tuple[int, ...]
    deadline: float | None
    workers: int
    waits: bool
    alone_seconds: float = 300.0
    batch_seconds: float = 900.0
    task_hour_usd: float | None = None
    second: bool = False
    epoch: int | None = None


def read_settings(environment: Mapping[str, str] = os.environ) -> TaskSettings:
    """Read the environment; UsageError names what is missing or wrong."""
    return TaskSettings(
        root=_needed(environment, "NIMBUS_ROOT", "s3://bucket/pipeline"),
        bundle=Path(environment.get("NIMBUS_BUNDLE", "/bundle")),
        execution=_needed(environment, "NIMBUS_EXECUTION", "the name or ARN of an execution"),
        release=environment.get("NIMBUS_RELEASE", ""),
        requested=bool(environment.get("NIMBUS_REQUESTED_RELEASE")),
        kind=_kind(environment.get("NIMBUS_KIND", RunKind.MANUAL.value)),
        run=environment.get("NIMBUS_RUN", ""),
        scheduled_time=_time(environment.get("NIMBUS_SCHEDULED_TIME", "")),
        shards=_shards(environment.get("NIMBUS_SHARDS", "")),
        deadline=_number(environment, "NIMBUS_DEADLINE_SECONDS", None),
        workers=_workers(environment.get("NIMBUS_WORKERS", "")),
        waits=environment.get("NIMBUS_OVERLAP", "wait") == "wait",
        alone_seconds=_number(environment, "NIMBUS_ALONE_SECONDS", 300.0) or 0.0,
        batch_seconds=_number(environment, "NIMBUS_BATCH_SECONDS", 900.0) or 900.0,
        task_hour_usd=_number(environment, "NIMBUS_TASK_HOUR_USD", None, "US dollars"),
        second=environment.get("NIMBUS_TURN") == "second",
        epoch=_epoch(environment.get("NIMBUS_EPOCH", "")),
    )


def _needed(environment: Mapping[str, str], name: str, expected: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise _wrong(name, value, expected)
    return value


def _kind(value: str) -> RunKind:
    if value == "resume":
        return RunKind.MANUAL
    try:
        return RunKind(value)
    except ValueError:
        raise _wrong("NIMBUS_KIND", value, "scheduled, manual or resume") from None


def _time(value: str) -> datetime | None:
    if value in _NOW:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise _wrong("NIMBUS_SCHEDULED_TIME", value, "a time such as 2026-11-22T02:00:00Z, or now") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def _shards(value: str) -> tuple[int, ...]:
    if not value:
        return ()
    if not _SHARDS.fullmatch(value):
        raise _wrong("NIMBUS_SHARDS", value, "numbers and ranges, such as 0-15,20")
    numbers: list[int] = []
    for part in value.split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return tuple(numbers)


def _number(environment: Mapping[str, str], name: str, default: float | None, unit: str = "seconds") -> float | None:
    value = environment.get(name, "")
    try:
        return float(value) if value else default
    except ValueError:
        raise _wrong(name, value, unit) from None


def _epoch(value: str) -> int | None:
    if value and not value.isdecimal():
        raise _wrong("NIMBUS_EPOCH", value, "how many rollbacks there were, 0 or more")
    return int(value) if value else None


def _workers(value: str) -> int:
    if not value:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not value.isdecimal() or int(value) < 1:
        raise _wrong("NIMBUS_WORKERS", value, "how many worker processes, 1 or more")
    return int(value)


def _wrong(name: str, value: str, expected: str) -> UsageError:
    return UsageError(
        f"the environment's {name} is {'wrong' if value else 'missing'}",
        got=value or "nothing",
        expected=expected,
        remedy="start the task by the state machine, or set it",
    )
