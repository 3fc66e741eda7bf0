"""A pipeline's schedule by EventBridge Scheduler, as Terraform made it."""

from __future__ import annotations

from nimbus.adapters.aws import Service


class DeployedSchedule:
    """The schedule of a pipeline, `group/name`."""

    def __init__(self, name: str, region: str) -> None:
        """Name it; nothing is called yet."""
        self._group, _, self._name = name.partition("/")
        self._service = Service("scheduler", region)

    def expression(self) -> tuple[str, str]:
        """Return when runs are due: an expression, and its time zone."""
        found = self._service.call("get_schedule", GroupName=self._group, Name=self._name)
        return found["ScheduleExpression"], found.get("ScheduleExpressionTimezone") or "UTC"
