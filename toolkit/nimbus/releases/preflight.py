"""Whether a release could run where it is to be deployed: each check by itself, with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a check came to."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"  # it could not be told, or does not apply; `found` says which


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `subject` is what it is about; `remedy` what to do where it failed."""

    subject: str
    name: str
    status: Status
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of a preflight, in the order in which they are read."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.status is Status.FAILED)

    @property
    def outcome(self) -> str:
        """Return the report in a word."""
        return Status.FAILED.value if self.failed else Status.OK.value


def report(checks: Iterable[Check] | Sequence[Check]) -> Report:
    """Return the report of checks, those of a subject together."""
    found = tuple(checks)
    subjects = list(dict.fromkeys(check.subject for check in found))
    return Report(tuple(sorted(found, key=lambda check: subjects.index(check.subject))))
