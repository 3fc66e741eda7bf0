"""Metrics inside of logs.

CloudWatch takes the metrics out of every event of a log that is in its embedded format, whoever wrote it
(CloudWatch_Embedded_Metric_Format_Specification); an event that is not quite in it is a line like any other.
moto keeps the line alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import LogsBackend

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

Json = dict[str, Any]


def _replacements(_: LocalAws) -> list[Replacement]:
    put = LogsBackend.put_log_events

    def kept_and_counted(self: LogsBackend, group: str, stream: str, log_events: list[Json]) -> Any:  # noqa: ANN401 - moto's
        answer = put(self, group, stream, log_events)
        cloudwatch = cloudwatch_backends[self.account_id][self.region_name]
        for event in log_events:
            for namespace, datum in embedded(event["message"]):
                cloudwatch.put_metric_data(namespace, [datum])
        return answer

    return [Replacement(LogsBackend, "put_log_events", kept_and_counted)]


def embedded(message: str) -> Iterator[tuple[str, Json]]:
    """Yield namespace and datum, as PutMetricData has it, of each metric in an event of a log."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        event = json.loads(message)
        time = datetime.fromtimestamp(event["_aws"]["Timestamp"] / 1000, UTC).replace(tzinfo=None)  # as moto's are
        for directive in event["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = [{"Name": name, "Value": event[name]} for name in names]
                for metric in directive["Metrics"]:
                    datum = {"MetricName": metric["Name"], "Value": float(event[metric["Name"]])}
                    datum |= {"Unit": metric.get("Unit", "None"), "Timestamp": time, "Dimensions": dimensions}
                    yield directive["Namespace"], datum


MEND = Mend("embedded metrics", _replacements)
