"""What an image says of itself: whether its bundle is whole and scores, on which processor, with which versions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"  # what it needs was not there


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `detail` says what was found, or what is wrong."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor that an image runs on; `features` are those that decide how fast products are."""

    architecture: str
    model: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The answer of `self-check`. `seconds` is how long the bundle took to open and to score the built-in text."""

    SCHEMA: ClassVar[int] = 1
    bundle_digest: str
    pipeline: str
    pipeline_version: str
    checks: tuple[Check, ...]
    processor: Processor
    versions: dict[str, str]
    seconds: float

    @property
    def ok(self) -> bool:
        """Say whether no check failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)
