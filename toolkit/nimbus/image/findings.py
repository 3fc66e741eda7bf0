"""Whether what a registry's scan found lets an image be released."""

from __future__ import annotations

from dataclasses import dataclass

from nimbus.engines.orders import Finding, Scan, Severity

_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`known` False: there is no scan to judge by, which is no pass. `grave` are the findings from the threshold up.

    Without a threshold these are all findings, and stop nothing.
    """

    known: bool
    status: str
    threshold: Severity | None
    grave: tuple[Finding, ...]
    grave_count: int

    @property
    def passed(self) -> bool:
        """Say whether the image may be released as far as its scan goes."""
        return self.threshold is None or (self.known and self.grave_count == 0)


def judge(scan: Scan, threshold: Severity | None) -> Verdict:
    """Judge a scan: everything that is as bad as the threshold, or worse, counts; None is no threshold."""
    bad = set(_ORDER if threshold is None else _ORDER[: _ORDER.index(threshold) + 1])
    grave = tuple(one for one in scan.findings if one.severity in bad)
    counted = sum(count for name, count in scan.counts.items() if threshold is None or name in bad)
    return Verdict(scan.ended, scan.status, threshold, grave, max(counted, len(grave)))
