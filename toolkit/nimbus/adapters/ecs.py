"""Task definitions by Amazon ECS: Terraform's template, and the revisions that releases run as."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nimbus.adapters.aws import AwsError, AwsMissingError, Service

# What a definition is made of; the rest of what ECS answers is its own.
_CONTENT = (
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "ephemeralStorage",
    "runtimePlatform",
    "pidMode",
    "placementConstraints",
)
_RELEASE_TAG = "nimbus:release"
_UNKNOWN = "Unable to describe task definition"  # all that ECS says of one that there is not


@dataclass(frozen=True, slots=True)
class Size:
    """What a task is given: units of 1/1024 vCPU, and MiB."""

    cpu: int
    memory: int


class TaskDefinitions:
    """The definitions of a pipeline's tasks."""

    def __init__(self, template: str, family: str, container: str, region: str) -> None:
        """Copy from the family `template`, register in `family`; the image is that of `container`."""
        self._template, self._family, self._container = template, family, container
        self._service = Service("ecs", region)

    def recipe(self) -> str:
        """Return a hash of the template: a release that runs as another one is another release."""
        content = json.dumps(_content(self._described(self._template)), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def size(self) -> Size:
        """Return what the template gives a task."""
        found = self._described(self._template)
        return Size(int(found["cpu"]), int(found["memory"]))

    def secrets(self) -> dict[str, str]:
        """Return what the template's variables that are secrets refer to, by their names."""
        containers = self._described(self._template)["containerDefinitions"]
        return {one["name"]: str(one["valueFrom"]) for item in containers for one in item.get("secrets", ())}

    def define(self, release: str, image: str) -> str:
        """Return the revision that runs an image as the template says; one that is there already is taken."""
        template = self._service.call("describe_task_definition", taskDefinition=self._template, include=["TAGS"])
        wanted = _content(template["taskDefinition"])
        for container in wanted["containerDefinitions"]:
            if container["name"] == self._container:
                container["image"] = image
        latest = self._found(self._family)
        if latest is not None and _content(latest) == wanted:
            return str(latest["taskDefinitionArn"])
        tags = [tag for tag in template.get("tags", ()) if tag["key"] != _RELEASE_TAG]
        registered = self._service.call(
            "register_task_definition",
            family=self._family,
            tags=[*tags, {"key": _RELEASE_TAG, "value": release}],
            **wanted,
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def active(self, definition: str) -> bool:
        """Say whether tasks can be started from a definition."""
        found = self._found(definition)
        return found is not None and found["status"] == "ACTIVE"

    def registered(self, before: datetime) -> list[str]:
        """Return the active definitions that releases could run as, of those that are older."""
        return [arn for arn in self.of_releases() if self._registered_before(arn, before)]

    def of_releases(self) -> list[str]:
        """Return the active definitions that releases could run as."""
        pages = self._service.pages(
            "list_task_definitions", "taskDefinitionArns", familyPrefix=self._family, status="ACTIVE"
        )
        return [str(arn) for arn in pages if str(arn).rpartition("/")[2].rpartition(":")[0] == self._family]

    def deregister(self, definitions: Sequence[str]) -> None:
        """Let no more tasks start from definitions; those that run go on."""
        for definition in definitions:
            self._service.call("deregister_task_definition", taskDefinition=definition)

    def _registered_before(self, definition: str, time: datetime) -> bool:
        registered = self._described(definition).get("registeredAt")
        return registered is None or bool(registered < time)

    def _described(self, definition: str) -> dict[str, Any]:
        answer = self._service.call("describe_task_definition", taskDefinition=definition)
        found: dict[str, Any] = answer["taskDefinition"]
        return found

    def _found(self, definition: str) -> dict[str, Any] | None:
        """Return a definition, or a family's latest active one; None where there is none."""
        try:
            return self._described(definition)
        except AwsError as error:
            if isinstance(error, AwsMissingError) or _UNKNOWN in str(error.got):
                return None
            raise


def _content(definition: dict[str, Any]) -> dict[str, Any]:
    kept = {key: json.loads(json.dumps(definition[key])) for key in _CONTENT if definition.get(key)}
    for container in kept["containerDefinitions"]:
        for key in [key for key, value in container.items() if value in ([], {}, None)]:
            del container[key]  # ECS answers with what was not given
        container.get("environment", []).sort(key=lambda one: one["name"])
    return kept
