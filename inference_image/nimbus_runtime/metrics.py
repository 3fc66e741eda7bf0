"""Figures of a run as CloudWatch takes them out of a log: one JSON object a line, in its embedded metric format.

No call, no agent, no permission: whatever a task prints, CloudWatch reads. Names and units stand in
contract/metrics.json, which alarms and dashboards are tested against.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from nimbus_runtime import clock

_NEEDED = ("NIMBUS_ENVIRONMENT", "NIMBUS_PIPELINE")


@cache
def contract() -> dict[str, Any]:
    """Return the namespace, the dimensions and every metric's name and unit, by the key that callers use."""
    text = resources.files("nimbus_runtime.contract").joinpath("metrics.json").read_text(encoding="utf-8")
    names: dict[str, Any] = json.loads(text)
    return names


def line(figures: Mapping[str, float], environment: str, pipeline: str, run: str, time: datetime) -> str:
    """Return figures as one line of a log; KeyError for a key that contract/metrics.json does not have."""
    names = contract()
    metrics = {key: names["metrics"][key] for key in figures}
    directive = {
        "Namespace": names["namespace"],
        "Dimensions": [names["dimensions"]],
        "Metrics": [{"Name": metric["name"], "Unit": metric["unit"]} for metric in metrics.values()],
    }
    values = {metric["name"]: figures[key] for key, metric in metrics.items()}
    places = dict(zip(names["dimensions"], (environment, pipeline), strict=True))
    told = {"Timestamp": int(time.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": told, "event": "metrics", "run": run, **places, **values})


def emit(figures: Mapping[str, float], run: str, environment: Mapping[str, str] = os.environ) -> None:
    """Print figures of a run; nothing outside of a task, whose environment names environment and pipeline."""
    place, pipeline = (environment.get(name, "") for name in _NEEDED)
    if place and pipeline:
        sys.stdout.write(line(figures, place, pipeline, run, clock.now()) + "\n")
        sys.stdout.flush()
