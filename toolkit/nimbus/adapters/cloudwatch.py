"""Alarms by CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from nimbus.adapters.aws import Service
from nimbus.executions import Alarm, AlarmState

_STATES = {"OK": AlarmState.QUIET, "ALARM": AlarmState.RAISED, "INSUFFICIENT_DATA": AlarmState.UNKNOWN}


class Alarms:
    """The alarms of a pipeline, whose names begin with `prefix`."""

    def __init__(self, prefix: str, region: str) -> None:
        """Name them; nothing is called yet."""
        self._prefix = prefix
        self._service = Service("cloudwatch", region)

    def find(self, names: Sequence[str]) -> list[Alarm]:
        """Return those of these names that there are, as they are now."""
        wanted = [f"{self._prefix}{name}" for name in names]
        found = self._service.pages("describe_alarms", "MetricAlarms", AlarmNames=wanted, AlarmTypes=["MetricAlarm"])
        return [
            Alarm(
                one["AlarmName"].removeprefix(self._prefix),
                _STATES.get(one["StateValue"], AlarmState.UNKNOWN),
                one["StateUpdatedTimestamp"].astimezone(UTC).isoformat(timespec="seconds"),
                one.get("AlarmDescription", ""),
                one.get("StateReason", ""),
            )
            for one in found
        ]
