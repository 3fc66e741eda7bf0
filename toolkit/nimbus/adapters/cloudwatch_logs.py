"""The log of a pipeline's tasks by CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nimbus.adapters.aws import Service
from nimbus.executions import Line

_MOST_STREAMS = 100  # that one call may name


class TaskLogs:
    """The log group of a pipeline's workers."""

    def __init__(self, group: str, region: str) -> None:
        """Name it; nothing is called yet."""
        self._group = group
        self._service = Service("logs", region)

    def lines(self, run: str, executions: Sequence[str], since: int) -> Iterator[Line]:
        """Yield the lines of tasks that named the run or an execution, from `since` on (milliseconds), in order.

        Where those tasks are very many, only the lines themselves that name them.
        """
        words = [run, *executions]
        saying = {line.source: None for word in words for line in self._filtered(since, f'"{word}"')}
        if len(saying) > _MOST_STREAMS:
            found = [line for word in words for line in self._filtered(since, f'"{word}"')]
        else:
            found = list(self._filtered(since, "", list(saying))) if saying else []
        yield from sorted(dict.fromkeys(found), key=lambda line: line.time)

    def _filtered(self, since: int, pattern: str, streams: Sequence[str] = ()) -> Iterator[Line]:
        named = {"logStreamNames": list(streams)} if streams else {}
        filtered = {"filterPattern": pattern} if pattern else {}
        for event in self._service.pages(
            "filter_log_events", "events", logGroupName=self._group, startTime=since, **named, **filtered
        ):
            yield Line(event["timestamp"], event["logStreamName"], event["message"].rstrip("\n"))
