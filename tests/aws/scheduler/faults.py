"""What goes wrong with deliveries on command."""

from __future__ import annotations

from dataclasses import dataclass

from tests.aws.faults import Fault


@dataclass(frozen=True)
class DeliveredTwice(Fault):
    """The next invocation is delivered twice, at the same instant: Scheduler promises at least once."""


@dataclass(frozen=True)
class DeliveryRefused(Fault):
    """The target refuses the next attempt of an invocation."""

    code: str = "ThrottlingException"
    message: str = "Rate exceeded"
