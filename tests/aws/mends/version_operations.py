"""Versions of a state machine.

AWS lists, publishes and deletes versions by operations of their own (Step Functions API); Terraform's provider lists
them. moto keeps versions and has none of the three operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _list(self: StepFunctionResponse) -> ActionResult:
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    newest_first = sorted(machine.versions.values(), key=lambda version: -version.version)
    listed = [{"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in newest_first]
    return ActionResult({"stateMachineVersions": listed})


def _publish(self: StepFunctionResponse) -> ActionResult:
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    machine.publish(self._get_param("description"))
    version = machine.latest_version
    return ActionResult({"stateMachineVersionArn": version.arn, "creationDate": version.creation_date})


def _delete(self: StepFunctionResponse) -> ActionResult:
    machine, _, number = self._get_param("stateMachineVersionArn").rpartition(":")
    self.stepfunction_backend.describe_state_machine(machine).versions.pop(int(number), None)
    return ActionResult({})


def _replacements(_: LocalAws) -> list[Replacement]:
    return [
        Replacement(StepFunctionResponse, "list_state_machine_versions", _list),
        Replacement(StepFunctionResponse, "publish_state_machine_version", _publish),
        Replacement(StepFunctionResponse, "delete_state_machine_version", _delete),
    ]


MEND = Mend("version operations", _replacements)
