"""Parameters of `ecs:runTask`.

AWS passes CapacityProviderStrategy, Tags and the rest of RunTask's parameters on (Step Functions guide, connect-ecs;
aws-cdk#35465). moto drops what is not in its list, so that a task asked for on Spot runs wherever the cluster likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_ecs

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_DROPPED = {"CapacityProviderStrategy", "Count", "EnableECSManagedTags", "ReferenceId", "Tags", "VolumeConfigurations"}


def _replacements(_: LocalAws) -> list[Replacement]:
    passed = state_task_service_ecs._SUPPORTED_API_PARAM_BINDINGS  # noqa: SLF001 - moto's list
    more = {**passed, "runtask": passed["runtask"] | _DROPPED}
    return [Replacement(state_task_service_ecs, "_SUPPORTED_API_PARAM_BINDINGS", more)]


MEND = Mend("passed parameters", _replacements)
