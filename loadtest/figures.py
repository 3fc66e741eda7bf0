"""What happened, counted a step at a time in each process and brought together in one."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from durations import Durations

NO_ANSWER = "no answer"


class StepFigures:
    """The figures of a step, or of a second of it; `last` is when the last answer came, by the machine's clock."""

    def __init__(self, told: dict[str, Any] | None = None) -> None:
        """Begin with what another process told."""
        told = told or {}
        self.arrivals: int = told.get("arrivals", 0)
        self.dropped: int = told.get("dropped", 0)
        self.documents: int = told.get("documents", 0)
        self.finished: int = told.get("finished", 0)
        self.failed: int = told.get("failed", 0)
        self.unanswered: int = told.get("unanswered", 0)
        self.lost: int = told.get("lost", 0)
        self.last: float = told.get("last", 0.0)
        self.outcomes: Counter[str] = Counter(told.get("outcomes", {}))
        self.latency = Durations(told.get("latency"))
        self.lag = Durations(told.get("lag"))

    def told(self) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            "arrivals": self.arrivals,
            "dropped": self.dropped,
            "documents": self.documents,
            "finished": self.finished,
            "failed": self.failed,
            "unanswered": self.unanswered,
            "lost": self.lost,
            "last": self.last,
            "outcomes": dict(self.outcomes),
            "latency": {str(bucket): count for bucket, count in self.latency.counts.items()},
            "lag": {str(bucket): count for bucket, count in self.lag.counts.items()},
        }

    def arrived(self, lag: float) -> None:
        """Count an arrival that was sent `lag` seconds after it was due."""
        self.arrivals += 1
        self.lag.add(lag)

    def drop(self) -> None:
        """Count an arrival that could not be sent: too many were in flight."""
        self.arrivals += 1
        self.dropped += 1

    def end(self, outcome: str, seconds: float, documents: int, *, good: bool) -> None:
        """Count an answer; `seconds` are from when it was due."""
        self.finished += 1
        self.last = time.monotonic()
        self.outcomes[outcome] += 1
        self.latency.add(seconds)
        if good:
            self.documents += documents
        else:
            self.failed += 1

    def give_up(self, seconds: float) -> None:
        """Count whatever has no answer yet as failed, after these seconds at least."""
        for _ in range(self.in_flight):
            self.unanswered += 1
            self.end(NO_ANSWER, seconds, 0, good=False)

    def lose(self, count: int) -> None:
        """Count arrivals whose answers nobody will hear of, since the process that asked has ended."""
        self.lost += count

    def merge(self, other: StepFigures) -> None:
        """Add another process's, or another second's."""
        self.arrivals += other.arrivals
        self.dropped += other.dropped
        self.documents += other.documents
        self.finished += other.finished
        self.failed += other.failed
        self.unanswered += other.unanswered
        self.lost += other.lost
        self.last = max(self.last, other.last)
        self.outcomes += other.outcomes
        self.latency.merge(other.latency)
        self.lag.merge(other.lag)

    @property
    def in_flight(self) -> int:
        """Return how many have no answer yet."""
        return self.arrivals - self.dropped - self.finished - self.lost

    @property
    def error_share(self) -> float:
        """Return the share of the arrivals that failed or were dropped."""
        return (self.failed + self.dropped) / self.arrivals if self.arrivals else 0.0

    def shown(self, seconds: float) -> dict[str, Any]:
        """Return what is shown of them; rates are over `seconds`."""
        lag = self.lag.at(0.99)
        return {
            "arrivals": self.arrivals,
            "arrival_rate": round(self.arrivals / seconds, 3),
            "finished": self.finished,
            "request_rate": round((self.finished - self.failed) / seconds, 3),
            "documents": self.documents,
            "documents_per_second": round(self.documents / seconds, 3),
            "failed": self.failed,
            "dropped": self.dropped,
            "unanswered": self.unanswered,
            "lost": self.lost,
            "error_share": round(self.error_share, 6),
            "outcomes": dict(sorted(self.outcomes.items())),
            **(self.latency if self.finished > self.failed else Durations()).milliseconds(),  # failing fast is not fast
            "lag_p99": None if lag is None else round(lag * 1e3, 3),
        }


class Local:
    """What this process has counted since it last told of it, by step."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._steps: dict[int, StepFigures] = {}

    def step(self, number: int) -> StepFigures:
        """Return the figures of a step."""
        return self._steps.setdefault(number, StepFigures())

    def take(self) -> dict[str, Any]:
        """Return what was counted, and begin anew."""
        steps, self._steps = self._steps, {}
        return {str(number): figures.told() for number, figures in steps.items()}


LOCAL = Local()
