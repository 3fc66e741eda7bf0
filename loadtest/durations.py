"""Durations counted in buckets a hundredth wide, so that a percentile is honest to half a percent.

Buckets add up, whichever processes and seconds they come from; averages of percentiles would not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

_BASE = math.log(1.01)
_SMALLEST = 1e-4  # seconds
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}


class Durations:
    """Counts by bucket."""

    def __init__(self, counts: Mapping[int | str, int] | None = None) -> None:
        """Begin with the counts of another, whose buckets may be text as JSON has them."""
        self.counts = {int(bucket): count for bucket, count in (counts or {}).items()}

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = max(0, int(math.log(max(seconds, _SMALLEST) / _SMALLEST) / _BASE))
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def merge(self, other: Durations) -> None:
        """Add another's counts."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    def __len__(self) -> int:
        """Return how many were counted."""
        return sum(self.counts.values())

    def at(self, share: float) -> float | None:
        """Return the seconds that this share of all stayed within, None of nothing."""
        wanted = share * len(self)
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return _middle(bucket)
        return None

    def milliseconds(self) -> dict[str, float | None]:
        """Return the percentiles that figures show, and the largest."""
        named = {name: self.at(share) for name, share in SHARES.items()}
        named["max"] = _middle(max(self.counts)) if self.counts else None
        return {name: None if value is None else round(value * 1e3, 3) for name, value in named.items()}


def _middle(bucket: int) -> float:
    return _SMALLEST * math.exp((bucket + 0.5) * _BASE)


def merged(many: Iterable[Durations]) -> Durations:
    """Return all counts together."""
    total = Durations()
    for each in many:
        total.merge(each)
    return total
