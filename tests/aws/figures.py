"""Figures of CloudWatch as alarms and graphs ask for them, and alarms that are raised by them: moto raises none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric as an alarm or a graph asks for it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str

    def largest(self, aws: LocalAws) -> float | None:
        """Return the largest value of the last hour; None where there is no data."""
        now = datetime.now(UTC)
        points = aws.client("cloudwatch").get_metric_statistics(
            Namespace=self.namespace,
            MetricName=self.name,
            Dimensions=[{"Name": name, "Value": value} for name, value in self.dimensions],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=5),
            Period=300,
            Statistics=[self.statistic],
        )["Datapoints"]
        return max((float(point[self.statistic]) for point in points), default=None)


def alarms(aws: LocalAws) -> Iterator[tuple[Figure, dict[str, Any]]]:
    """Yield what each alarm looks at, and the alarm."""
    for alarm in aws.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]:
        dimensions = tuple((each["Name"], each["Value"]) for each in alarm["Dimensions"])
        yield Figure(alarm["Namespace"], alarm["MetricName"], dimensions, alarm["Statistic"]), alarm


def evaluate(aws: LocalAws) -> list[str]:
    """Set the state of every alarm on too large a figure, as CloudWatch does; return those that are raised."""
    for figure, alarm in alarms(aws):
        largest = figure.largest(aws) if alarm["ComparisonOperator"] == "GreaterThanThreshold" else None
        state = "ALARM" if largest is not None and largest > alarm["Threshold"] else "OK"
        said = {"StateValue": state, "StateReason": f"{largest} and {alarm['Threshold']}"}
        aws.client("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], **said)
    raised = aws.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in raised]
