"""The task metadata endpoint, version 4: where a worker learns its own task's ARN and size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.aws.fargate.local_fargate import LocalFargate

PATH = "/task-metadata/"


def answer(fargate: LocalFargate, path: str) -> tuple[str, bytes]:
    """Status and body of a request for `PATH<task>/task`."""
    task, _, rest = path.removeprefix(PATH).partition("/")
    agent = fargate.find(task)
    if agent is None or rest != "task":
        return "404 Not Found", b"{}"
    of = agent.task
    fields = {
        "Cluster": of.cluster_arn,
        "TaskARN": of.task_arn,
        "Family": agent.definition.family,
        "Revision": str(agent.definition.revision),
        "DesiredStatus": of.desired_status,
        "KnownStatus": of.status,
        "Limits": {"CPU": int(of.cpu) / 1024, "Memory": int(of.memory)},
        "LaunchType": of.launch_type,
        "Containers": [{"Name": container.name, "Image": container.image} for container in of.containers],
    }
    return "200 OK", json.dumps(fields).encode()
