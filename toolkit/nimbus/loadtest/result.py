"""What the locust files write down, read as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Figures:
    """What so much load came to. Times are in milliseconds, from when a request was due.

    `lag_p99` is how late the generator itself was; `request_rate` counts good answers. Of what is `lost`
    nobody heard, since the process that asked has ended: it is no failure.
    """

    seconds: float
    arrivals: int
    arrival_rate: float
    finished: int
    request_rate: float
    documents: int
    documents_per_second: float
    failed: int
    dropped: int
    unanswered: int
    lost: int
    error_share: float
    outcomes: dict[str, int]
    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    max: float | None
    lag_p99: float | None


@dataclass(frozen=True, slots=True)
class Step(Figures):
    """A step of a shape; `broken` are the limits that it broke, in words."""

    number: int
    rate: float
    warm_up: bool
    settle_seconds: float | None
    cpu: float | None
    resident_bytes: float | None
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a test."""

    second: float
    step: int
    rate: float
    request_rate: float
    documents_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    failed: int
    dropped: int
    in_flight: int
    resident_bytes: float | None
    cpu: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Who was under load, as it said itself; one that says nothing of itself has none of it.

    `degraded` is the share of the time in which it could not start a worker that it should have.
    """

    url: str | None = None
    cpus: float | None = None
    release: str | None = None
    bundle_digest: str | None = None
    peak_resident_bytes: float | None = None
    workers: float | None = None
    degraded: float = 0.0

    @property
    def processors(self) -> float | None:
        """Return how many processors are at work: a worker keeps one busy, and no more."""
        return in_use(self.cpus, self.workers)


def in_use(cpus: float | None, workers: float | None) -> float | None:
    """Return how many processors so many workers keep busy; all where nobody says how many workers there are."""
    return cpus if not cpus or not workers else min(cpus, workers)


@dataclass(frozen=True, slots=True)
class Result:
    """A whole test; one of whose processes some were lost was cut there."""

    SCHEMA: ClassVar[int] = 1
    shape: str
    users: tuple[str, ...]
    limits: dict[str, float]
    payload: dict[str, object]
    processes: int
    target: Measured
    overall: Figures
    steps: tuple[Step, ...]
    timeline: tuple[Second, ...] = field(default=())
    lost_processes: int = 0
