"""What goes wrong with tasks on command, each under the name that AWS gives it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.aws.faults import Fault

_FULL = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


@dataclass(frozen=True, kw_only=True)
class TaskFault(Fault):
    """The next task goes wrong."""

    provider: str | None = None
    """The capacity provider whose tasks are meant; None for any."""


@dataclass(frozen=True, kw_only=True)
class Throttled(TaskFault):
    """RunTask is refused with ThrottlingException; a state machine sees ECS.AmazonECSException."""


@dataclass(frozen=True, kw_only=True)
class NetworkThrottled(TaskFault):
    """RunTask is refused since EC2 throttles; a state machine sees ECS.InvalidParameterException."""


@dataclass(frozen=True, kw_only=True)
class NoCapacity(TaskFault):
    """RunTask answers with a failure and no task; a state machine sees AmazonECS.Unknown."""

    reason: str = _FULL


@dataclass(frozen=True, kw_only=True)
class FailsToStart(TaskFault):
    """The task stops with TaskFailedToStart before its container has run, and so without an exit code."""

    reason: str = "ResourceInitializationError: unable to pull secrets or registry auth"


@dataclass(frozen=True, kw_only=True)
class NeverStarts(TaskFault):
    """The task stays PENDING until somebody stops it."""


@dataclass(frozen=True, kw_only=True)
class GivenUp(TaskFault):
    """The state that waits for the task runs into its timeout, States.Timeout, as soon as the task runs; it goes on."""


@dataclass(frozen=True, kw_only=True)
class Interrupted(TaskFault):
    """Spot takes the task's capacity back: SIGTERM, SIGKILL after its stop timeout, StopCode SpotInterruption."""

    when_logged: str | None = None
    """As soon as the task logs a line that contains this; None for as soon as it runs."""
